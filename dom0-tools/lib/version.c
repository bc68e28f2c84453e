/* SPDX-License-Identifier: MIT */
/* The xen_version hypercall; see version.h. */
#include "lib/version.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "public/xen.h"

#include "lib/hypercall.h"

/* One question whose answer has a fixed size. */
static int version_part(struct privcmd *p, unsigned int cmd, void *out,
                        size_t size, struct error **err_out)
{
    size_t mark = privcmd_mark(p);
    void *buffer = privcmd_buffer(p, size);
    int64_t rc;

    if (!buffer)
        return buffer_fail(err_out);
    rc = privcmd_call(p, __HYPERVISOR_xen_version, cmd, (uintptr_t)buffer, 0, 0,
                      0);
    if (rc < 0)
        privcmd_fail(err_out, rc, "xen_version");
    else
        memcpy(out, buffer, size);
    privcmd_release(p, mark);
    return rc < 0 ? (int)rc : 0;
}

/* A hypervisor may have none: that is no error. */
static int build_id_read(struct privcmd *p, struct version_info *info,
                         struct error **err_out)
{
    size_t mark = privcmd_mark(p), max = (sizeof(info->build_id) - 1) / 2, i;
    struct xen_build_id *id = privcmd_buffer(p, sizeof(*id) + max);
    int64_t len;

    if (!id)
        return buffer_fail(err_out);
    id->len = (uint32_t)max;
    len = privcmd_call(p, __HYPERVISOR_xen_version, XENVER_build_id,
                       (uintptr_t)id, 0, 0, 0);
    for (i = 0; len > 0 && i < (size_t)len && i < max; i++)
        sprintf(info->build_id + 2 * i, "%02x", id->buf[i]);
    privcmd_release(p, mark);
    return 0;
}

int version_read(struct privcmd *p, struct version_info *info_out,
                 struct error **err_out)
{
    struct version_info info = {0};
    struct xen_platform_parameters platform = {0};
    int64_t version, page_size;
    int rc;

    version =
        privcmd_call(p, __HYPERVISOR_xen_version, XENVER_version, 0, 0, 0, 0);
    page_size =
        privcmd_call(p, __HYPERVISOR_xen_version, XENVER_pagesize, 0, 0, 0, 0);
    if (version < 0 || page_size < 0)
        return privcmd_fail(err_out, version < 0 ? version : page_size,
                            "xen_version");
    info.major = (unsigned int)version >> 16;
    info.minor = (unsigned int)version & 0xffff;
    info.page_size = (unsigned int)page_size;

    rc = version_part(p, XENVER_extraversion, info.extra, sizeof(info.extra),
                      err_out);
    if (!rc)
        rc = version_part(p, XENVER_compile_info, &info.compile,
                          sizeof(info.compile), err_out);
    if (!rc)
        rc = version_part(p, XENVER_capabilities, info.capabilities,
                          sizeof(info.capabilities), err_out);
    if (!rc)
        rc = version_part(p, XENVER_changeset, info.changeset,
                          sizeof(info.changeset), err_out);
    if (!rc)
        rc = version_part(p, XENVER_commandline, info.command_line,
                          sizeof(info.command_line), err_out);
    if (!rc)
        rc = version_part(p, XENVER_platform_parameters, &platform,
                          sizeof(platform), err_out);
    if (!rc)
        rc = build_id_read(p, &info, err_out);
    info.virt_start = platform.virt_start;
    if (!rc)
        *info_out = info;
    return rc;
}
