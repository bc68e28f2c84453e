/* SPDX-License-Identifier: MIT */
/* What is around a domain's stream; see file.h. */
#include "stream/file.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stream/format.h"

#define MAX_CONFIG (1u << 20)

static const char magic[] = XL_MAGIC;

int file_head_write(struct stream *s, const char *config,
                    struct error **err_out)
{
    uint32_t size = (uint32_t)strlen(config) + 1;
    struct xl_header header = {
        .byte_order = XL_BYTE_ORDER,
        .mandatory = XL_FLAG_JSON | XL_FLAG_STREAM,
        .optional_size = (uint32_t)sizeof(size) + size,
    };
    struct iovec piece[] = {{&header, sizeof(header)},
                            {&size, sizeof(size)},
                            {(void *)config, size}};

    memcpy(header.magic, magic, sizeof(header.magic));
    return stream_writev(s, piece, 3, err_out);
}

static int head_check(const struct xl_header *h, struct error **err_out)
{
    if (memcmp(h->magic, magic, sizeof(h->magic)))
        return stream_bad(err_out, "this is no saved guest");
    if (h->byte_order != XL_BYTE_ORDER)
        return stream_bad(err_out, "it is of a machine of another byte order");
    if (h->mandatory & ~(XL_FLAG_JSON | XL_FLAG_STREAM))
        return stream_bad(err_out, "it needs a newer xl: flags %#x",
                          h->mandatory);
    if (!(h->mandatory & XL_FLAG_STREAM))
        return stream_bad(err_out, "it is of an older xl");
    if (h->optional_size > MAX_CONFIG)
        return stream_bad(err_out, "its configuration is too long");
    return 0;
}

/* Size and text, which may end with a NUL. */
static int config_read(struct stream *s, uint32_t room, char **config_out,
                       struct error **err_out)
{
    uint32_t size;
    char *text;
    int rc;

    if (room < sizeof(size))
        return stream_skip(s, room, err_out);
    rc = stream_read(s, &size, sizeof(size), err_out);
    if (rc)
        return rc;
    room -= sizeof(size);
    if (size > room)
        return stream_bad(err_out, "its configuration is longer than its room");
    text = malloc(size + 1);
    if (!text)
        return error_set(err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = stream_read(s, text, size, err_out);
    if (!rc)
        rc = stream_skip(s, room - size, err_out);
    text[size] = 0;
    if (rc || !*text)
        free(text);
    else
        *config_out = text;
    return rc;
}

int file_head_read(struct stream *s, char **config_out, struct error **err_out)
{
    struct xl_header header;
    int rc = stream_read(s, &header, sizeof(header), err_out);

    *config_out = NULL;
    if (!rc)
        rc = head_check(&header, err_out);
    if (!rc)
        rc = config_read(s, header.optional_size, config_out, err_out);
    if (!rc && *config_out && !(header.mandatory & XL_FLAG_JSON)) {
        free(*config_out);
        *config_out = NULL;
        rc = stream_bad(err_out, "it is of an older xl");
    }
    return rc;
}

int file_domain_write(struct privcmd *p, domid_t domid, struct stream *s,
                      struct error **err_out)
{
    const struct libxl_header header = {.be64_ident = htobe64(LIBXL_IDENT),
                                        .be32_version = htobe32(LIBXL_VERSION)};
    int rc = stream_write(s, &header, sizeof(header), err_out);

    if (!rc)
        rc = stream_record(s, LIBXL_LIBXC_CONTEXT, NULL, 0, NULL, 0, err_out);
    if (!rc)
        rc = stream_save(p, domid, s, err_out);
    if (!rc)
        rc = stream_record(s, LIBXL_END, NULL, 0, NULL, 0, err_out);
    return rc ? rc : stream_finish(s, err_out);
}

static int libxl_header_read(struct stream *s, struct error **err_out)
{
    struct libxl_header header;
    int rc = stream_read(s, &header, sizeof(header), err_out);

    if (rc)
        return rc;
    if (be64toh(header.be64_ident) != LIBXL_IDENT)
        return stream_bad(err_out, "there is no saved guest behind its "
                                   "configuration");
    if (be32toh(header.be32_version) != LIBXL_VERSION ||
        be32toh(header.be32_options))
        return stream_bad(err_out, "its format has version %u, options %#x",
                          be32toh(header.be32_version),
                          be32toh(header.be32_options));
    return 0;
}

/* Device models have nothing that a PV guest would miss. */
static bool record_is_optional(uint32_t type)
{
    return type == LIBXL_EMULATOR_XENSTORE_DATA ||
           type == LIBXL_EMULATOR_CONTEXT || type & RECORD_OPTIONAL;
}

int file_domain_read(struct privcmd *p, const struct restore_request *request,
                     struct stream *s, struct restore_result *result,
                     struct error **err_out)
{
    struct record_header record;
    bool restored = false;
    int rc = libxl_header_read(s, err_out);

    while (!rc) {
        rc = stream_read(s, &record, sizeof(record), err_out);
        if (rc || record.type == LIBXL_END)
            break;
        if (record.size > MAX_RECORD)
            rc = stream_bad(err_out, "a record of type %#x has %u bytes",
                            record.type, record.size);
        else if (record_is_optional(record.type))
            rc = stream_skip(s, record.size + record_padding(record.size),
                             err_out);
        else if (record.type != LIBXL_LIBXC_CONTEXT || restored)
            rc = stream_bad(err_out, "it has a record of unknown type %#x",
                            record.type);
        else
            rc = stream_restore(p, request, s, result, err_out);
        restored |= record.type == LIBXL_LIBXC_CONTEXT;
    }
    if (!rc && !restored)
        rc = stream_bad(err_out, "there is no domain in it");
    return rc;
}
