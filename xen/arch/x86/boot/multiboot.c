/* SPDX-License-Identifier: MIT */
/*
 * Reads what the boot loader left: Multiboot 0.6.96 or Multiboot 2.0. All of it
 * lies below 4 GiB, which the start-up tables map; the modules themselves may
 * lie anywhere and are not looked into here.
 */
#include "asm/boot.h"

#include "xen/bug.h"
#include "xen/string.h"
#include "asm/page.h"

#define MB1_LOADER_MAGIC 0x2badb002
#define MB2_LOADER_MAGIC 0x36d76289

/* Multiboot 0.6.96, 3.3 */
#define MBI_MEMORY      0x0001
#define MBI_CMDLINE     0x0004
#define MBI_MODULES     0x0008
#define MBI_MMAP        0x0040
#define MBI_LOADER_NAME 0x0200
#define MBI_FRAMEBUFFER 0x1000

struct mb1_info {
    u32 flags;
    u32 mem_lower, mem_upper; /* KiB */
    u32 boot_device;
    u32 cmdline;
    u32 mods_count, mods_addr;
    u32 syms[4];
    u32 mmap_length, mmap_addr;
    u32 drives_length, drives_addr;
    u32 config_table;
    u32 boot_loader_name;
    u32 apm_table;
    u32 vbe_control_info, vbe_mode_info;
    u16 vbe_mode, vbe_interface_seg, vbe_interface_off, vbe_interface_len;
    u64 fb_addr;
    u32 fb_pitch, fb_width, fb_height;
    u8 fb_bpp, fb_type;
    u8 fb_colour[6];
} __packed;

struct mb1_module {
    u32 start, end;
    u32 string;
    u32 pad;
};

struct mb1_mmap {
    u32 size; /* of what follows */
    u64 addr, len;
    u32 type;
} __packed;

/* Multiboot 2.0, 3.4 ff. */
enum mb2_tag_type {
    MB2_TAG_END,
    MB2_TAG_CMDLINE,
    MB2_TAG_LOADER_NAME,
    MB2_TAG_MODULE,
    MB2_TAG_MMAP = 6,
    MB2_TAG_FRAMEBUFFER = 8,
    MB2_TAG_ACPI_OLD = 14,
    MB2_TAG_ACPI_NEW = 15,
};

struct mb2_info {
    u32 total_size;
    u32 reserved;
};

struct mb2_tag {
    u32 type;
    u32 size;
};

struct mb2_module {
    struct mb2_tag tag;
    u32 start, end;
    char cmdline[];
};

struct mb2_mmap {
    struct mb2_tag tag;
    u32 entry_size;
    u32 entry_version;
};

struct mb2_mmap_entry {
    u64 addr, len;
    u32 type;
    u32 reserved;
};

struct mb2_framebuffer {
    struct mb2_tag tag;
    u64 addr;
    u32 pitch, width, height;
    u8 bpp, type;
    u16 reserved;
    u8 colour[6];
} __packed;

#define FB_TYPE_RGB  1
#define FB_TYPE_TEXT 2

struct boot_info boot_info;

/* By Multiboot 1, loaders put the file's name in front of the options; GRUB 2
 * does not. */
static const char *skip_file_name(const char *s)
{
    if (strncmp(boot_info.loader_name, "GRUB ", 5) == 0)
        return s;
    while (*s == ' ')
        s++;
    while (*s && *s != ' ')
        s++;
    while (*s == ' ')
        s++;
    return s;
}

static void add_e820(u64 addr, u64 size, u32 type)
{
    if (size == 0 || addr + size < addr)
        return;
    if (boot_info.nr_e820 == BOOT_MAX_E820)
        panic("The memory map has more than %u ranges: raise BOOT_MAX_E820",
              BOOT_MAX_E820);
    boot_info.e820[boot_info.nr_e820++] =
        (struct e820_entry){.addr = addr, .size = size, .type = type};
}

static void add_module(paddr_t start, paddr_t end, const char *cmdline)
{
    struct boot_module *m;

    if (boot_info.nr_modules == BOOT_MAX_MODULES)
        panic("More than %u modules: load only the kernel and its RAM disk",
              BOOT_MAX_MODULES);
    m = &boot_info.module[boot_info.nr_modules++];
    m->start = start;
    m->size = end > start ? end - start : 0;
    strlcpy(m->cmdline, cmdline, sizeof(m->cmdline));
}

static void set_framebuffer(u8 type, paddr_t addr, u32 pitch, u32 width,
                            u32 height, u8 bpp, const u8 *colour)
{
    struct boot_framebuffer *fb = &boot_info.framebuffer;

    boot_info.text_mode = type == FB_TYPE_TEXT;
    if (type != FB_TYPE_RGB)
        return;

    *fb = (struct boot_framebuffer){
        .present = true,
        .addr = addr,
        .pitch = pitch,
        .width = width,
        .height = height,
        .bpp = bpp,
        .red_pos = colour[0],
        .red_size = colour[1],
        .green_pos = colour[2],
        .green_size = colour[3],
        .blue_pos = colour[4],
        .blue_size = colour[5],
    };
}

static void mb1_mmap_collect(const struct mb1_info *info)
{
    const char *p = maddr_to_virt(info->mmap_addr);
    const char *end = p + info->mmap_length;

    while (p + sizeof(struct mb1_mmap) <= end) {
        const struct mb1_mmap *e = (const void *)p;

        add_e820(e->addr, e->len, e->type);
        p += e->size + sizeof(e->size);
    }
}

static void mb1_collect(const struct mb1_info *info)
{
    const struct mb1_module *mod = maddr_to_virt(info->mods_addr);

    if (info->flags & MBI_LOADER_NAME)
        strlcpy(boot_info.loader_name, maddr_to_virt(info->boot_loader_name),
                sizeof(boot_info.loader_name));
    if (info->flags & MBI_CMDLINE)
        strlcpy(boot_info.cmdline, skip_file_name(maddr_to_virt(info->cmdline)),
                sizeof(boot_info.cmdline));

    if (info->flags & MBI_MODULES)
        for (u32 i = 0; i < info->mods_count; i++)
            add_module(mod[i].start, mod[i].end,
                       skip_file_name(maddr_to_virt(mod[i].string)));

    if (info->flags & MBI_MMAP) {
        mb1_mmap_collect(info);
    } else if (info->flags & MBI_MEMORY) {
        add_e820(0, info->mem_lower * 1024UL, E820_RAM);
        add_e820(0x100000, info->mem_upper * 1024UL, E820_RAM);
    }

    boot_info.text_mode = true;
    if (info->flags & MBI_FRAMEBUFFER)
        set_framebuffer(info->fb_type, info->fb_addr, info->fb_pitch,
                        info->fb_width, info->fb_height, info->fb_bpp,
                        info->fb_colour);
}

static void mb2_mmap_collect(const struct mb2_mmap *map)
{
    const char *p = (const char *)(map + 1);
    const char *end = (const char *)map + map->tag.size;

    if (map->entry_size < sizeof(struct mb2_mmap_entry))
        return;
    for (; p + map->entry_size <= end; p += map->entry_size) {
        const struct mb2_mmap_entry *e = (const void *)p;

        add_e820(e->addr, e->len, e->type);
    }
}

static void mb2_rsdp_collect(const struct mb2_tag *tag)
{
    u32 len = tag->size - sizeof(*tag);

    /* Of two, the one with more to say. */
    if (len <= boot_info.rsdp_len)
        return;
    boot_info.rsdp_len = min_t(u32, len, sizeof(boot_info.rsdp));
    memcpy(boot_info.rsdp, tag + 1, boot_info.rsdp_len);
}

static void mb2_tag_collect(const struct mb2_tag *tag)
{
    const struct mb2_framebuffer *fb = (const void *)tag;
    const struct mb2_module *mod = (const void *)tag;

    switch (tag->type) {
    case MB2_TAG_CMDLINE:
        strlcpy(boot_info.cmdline, (const char *)(tag + 1),
                sizeof(boot_info.cmdline));
        break;
    case MB2_TAG_LOADER_NAME:
        strlcpy(boot_info.loader_name, (const char *)(tag + 1),
                sizeof(boot_info.loader_name));
        break;
    case MB2_TAG_MODULE:
        add_module(mod->start, mod->end, mod->cmdline);
        break;
    case MB2_TAG_MMAP:
        mb2_mmap_collect((const void *)tag);
        break;
    case MB2_TAG_FRAMEBUFFER:
        set_framebuffer(fb->type, fb->addr, fb->pitch, fb->width, fb->height,
                        fb->bpp, fb->colour);
        break;
    case MB2_TAG_ACPI_OLD:
    case MB2_TAG_ACPI_NEW:
        mb2_rsdp_collect(tag);
        break;
    }
}

static void mb2_collect(const struct mb2_info *info)
{
    const char *p = (const char *)(info + 1);
    const char *end = (const char *)info + info->total_size;

    boot_info.text_mode = true;
    while (p + sizeof(struct mb2_tag) <= end) {
        const struct mb2_tag *tag = (const void *)p;

        if (tag->type == MB2_TAG_END || tag->size < sizeof(*tag))
            break;
        mb2_tag_collect(tag);
        p += ROUNDUP(tag->size, 8u);
    }
}

void boot_info_collect(u32 magic, u32 info)
{
    if (magic == MB1_LOADER_MAGIC)
        mb1_collect(maddr_to_virt(info));
    else if (magic == MB2_LOADER_MAGIC)
        mb2_collect(maddr_to_virt(info));
    else
        panic("Unknown boot protocol %08x: start Xenia by Multiboot 1 or 2",
              magic);

    if (boot_info.nr_e820 == 0)
        panic("The boot loader gave no memory map: use a Multiboot loader "
              "that does");
}
