/* SPDX-License-Identifier: MIT */
/*
 * Xen's ELF notes: what a kernel tells about itself to whoever loads it.
 *
 * A note is a header of three words, a name and a value, each padded to four
 * bytes; the value is a number of 4 or 8 bytes, or a text. Other owners' notes
 * and types that don't matter to a loader are passed over.
 */
#include "xen/errno.h"
#include "xen/string.h"

#include "kimage_internal.h"

/* Types of notes of the owner "Xen". */
enum note_type {
    NOTE_ENTRY = 1,
    NOTE_HYPERCALL_PAGE = 2,
    NOTE_VIRT_BASE = 3,
    NOTE_PADDR_OFFSET = 4,
    NOTE_XEN_VERSION = 5,
    NOTE_GUEST_OS = 6,
    NOTE_GUEST_VERSION = 7,
    NOTE_LOADER = 8,
    NOTE_PAE_MODE = 9,
    NOTE_FEATURES = 10,
    NOTE_HV_START_LOW = 12,
    NOTE_SUSPEND_CANCEL = 14,
    NOTE_INIT_P2M = 15,
    NOTE_MOD_START_PFN = 16,
    NOTE_SUPPORTED_FEATURES = 17,
    NOTE_PHYS32_ENTRY = 18,
};

#define NOTE_HEADER_SIZE 12
#define NOTE_ALIGN       4

struct note {
    uint32_t type;
    const uint8_t *value;
    size_t size;
};

/* Names in a FEATURES note, and their XENFEAT_x bits. */
static const struct {
    const char *name;
    unsigned int bit;
} features[] = {
    {"writable_page_tables", 0},    {"writable_descriptor_tables", 1},
    {"auto_translated_physmap", 2}, {"supervisor_mode_kernel", 3},
    {"pae_pgdir_above_4gb", 4},     {"dom0", 11},
};

static int note_number(const struct note *note, uint64_t *value_out,
                       const char **why_out)
{
    if (note->size == 8)
        *value_out = load_le64(note->value);
    else if (note->size == 4)
        *value_out = load_le32(note->value);
    else
        return parse_fail(why_out, -EINVAL,
                          "damaged kernel: Xen note is not a 32- or 64-bit "
                          "number");
    return 0;
}

static int note_flag(const struct note *note, bool *flag_out,
                     const char **why_out)
{
    uint64_t value;
    int rc = note_number(note, &value, why_out);

    if (!rc)
        *flag_out = value != 0;
    return rc;
}

/* Length of the text of a note, which may lack its NUL. */
static size_t text_length(const struct note *note)
{
    size_t len = 0;

    while (len < note->size && note->value[len])
        len++;
    return len;
}

/* Copy a text, cut where it is too long and with '?' for what is not ASCII. */
static int note_text(const struct note *note, char *text)
{
    size_t len = text_length(note), i;

    if (len > KIMAGE_TEXT_SIZE - 1)
        len = KIMAGE_TEXT_SIZE - 1;
    for (i = 0; i < len; i++)
        text[i] = note->value[i] >= ' ' && note->value[i] < 0x7f
                      ? (char)note->value[i]
                      : '?';
    text[len] = 0;
    return 0;
}

static bool text_begins(const struct note *note, const char *word)
{
    size_t len = strlen(word);

    return text_length(note) >= len && !memcmp(note->value, word, len);
}

/* The bit of a feature's name, or 0 if nobody knows it. */
static uint64_t feature_bit(const uint8_t *name, size_t len)
{
    size_t i;

    for (i = 0; i < ARRAY_SIZE(features); i++)
        if (strlen(features[i].name) == len &&
            !memcmp(features[i].name, name, len))
            return (uint64_t)1 << features[i].bit;
    return 0;
}

/* "a|!b|c": names of features; '!' marks the ones it can't do without. */
static int note_features(const struct note *note, struct kimage *img,
                         const char **why_out)
{
    const uint8_t *p = note->value, *end = p + text_length(note);

    while (p < end) {
        bool required = *p == '!';
        const uint8_t *name = required ? p + 1 : p;
        uint64_t bit;

        for (p = name; p < end && *p != '|';)
            p++;
        bit = feature_bit(name, (size_t)(p - name));
        if (required && !bit)
            return parse_fail(why_out, -ENOEXEC,
                              "kernel requires a Xen feature of an unknown "
                              "name");
        img->features |= bit;
        if (required)
            img->features_required |= bit;
        if (p < end)
            p++;
    }
    return 0;
}

static int note_supported(const struct note *note, struct kimage *img,
                          const char **why_out)
{
    uint64_t bits;
    int rc = note_number(note, &bits, why_out);

    if (!rc)
        img->features |= bits;
    return rc;
}

static int note_init_p2m(const struct note *note, struct kimage *img,
                         const char **why_out)
{
    img->has_init_p2m = true;
    return note_number(note, &img->init_p2m, why_out);
}

static int note_read(const struct note *note, struct kimage *img,
                     const char **why_out)
{
    switch (note->type) {
    case NOTE_ENTRY:
        return note_number(note, &img->entry, why_out);
    case NOTE_HYPERCALL_PAGE:
        return note_number(note, &img->hypercall_page, why_out);
    case NOTE_VIRT_BASE:
        return note_number(note, &img->virt_base, why_out);
    case NOTE_PADDR_OFFSET:
        return note_number(note, &img->paddr_offset, why_out);
    case NOTE_HV_START_LOW:
        return note_number(note, &img->hv_start_low, why_out);
    case NOTE_PHYS32_ENTRY:
        return note_number(note, &img->phys32_entry, why_out);
    case NOTE_INIT_P2M:
        return note_init_p2m(note, img, why_out);
    case NOTE_XEN_VERSION:
        return note_text(note, img->xen_version);
    case NOTE_GUEST_OS:
        return note_text(note, img->guest_os);
    case NOTE_GUEST_VERSION:
        return note_text(note, img->guest_version);
    case NOTE_LOADER:
        return note_text(note, img->loader);
    case NOTE_PAE_MODE:
        img->pae = text_begins(note, "yes") || text_begins(note, "bimodal");
        return 0;
    case NOTE_FEATURES:
        return note_features(note, img, why_out);
    case NOTE_SUPPORTED_FEATURES:
        return note_supported(note, img, why_out);
    case NOTE_SUSPEND_CANCEL:
        return note_flag(note, &img->suspend_cancel, why_out);
    case NOTE_MOD_START_PFN:
        return note_flag(note, &img->mod_start_pfn, why_out);
    default:
        return 0;
    }
}

/* Take `size` bytes and their padding, which the last part may lack. */
static const uint8_t *part_take(const uint8_t **p_inout, const uint8_t *end,
                                size_t size)
{
    const uint8_t *part = *p_inout;
    size_t left = (size_t)(end - part), padded;

    if (size > left)
        return NULL;
    padded = ROUNDUP(size, (size_t)NOTE_ALIGN);
    *p_inout += min(padded, left);
    return part;
}

int notes_read(const void *data, size_t size, struct kimage *img,
               const char **why_out)
{
    const uint8_t *p = data, *end = p + size;

    while ((size_t)(end - p) >= NOTE_HEADER_SIZE) {
        size_t name_size = load_le32(p);
        struct note note = {.size = load_le32(p + 4), .type = load_le32(p + 8)};
        const uint8_t *name;
        int rc;

        p += NOTE_HEADER_SIZE;
        name = part_take(&p, end, name_size);
        note.value = name ? part_take(&p, end, note.size) : NULL;
        if (!note.value)
            return parse_fail(why_out, -EINVAL,
                              "damaged kernel: ELF note is cut off");
        if (name_size != sizeof("Xen") || memcmp(name, "Xen", sizeof("Xen")))
            continue;
        rc = note_read(&note, img, why_out);
        if (rc)
            return rc;
    }
    return 0;
}
