/* SPDX-License-Identifier: MIT */
/* A domain into a stream, record by record; see save.h. */
#include "stream/save.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "public/xen.h"

#include "build/layout.h"
#include "lib/domctl.h"
#include "lib/domctl_state.h"
#include "stream/format.h"

#define GDT_ENTRIES 512u /* of a page */

/* Whom the stream says it is of: the version whose format this is. */
#define XEN_MAJOR 4
#define XEN_MINOR 17

struct saver {
    struct privcmd *p;
    domid_t domid;
    struct stream *s;
    struct guest_p2m p2m;
    struct error **err_out;
};

static int headers_save(struct saver *w)
{
    const struct image_header image = {.marker = IMAGE_MARKER,
                                       .be32_id = htobe32(IMAGE_ID),
                                       .be32_version = htobe32(IMAGE_VERSION)};
    const struct domain_header domain = {.type = DOMAIN_X86_PV,
                                         .page_shift = PAGE_SHIFT,
                                         .xen_major = XEN_MAJOR,
                                         .xen_minor = XEN_MINOR};
    int rc = stream_write(w->s, &image, sizeof(image), w->err_out);

    return rc ? rc : stream_write(w->s, &domain, sizeof(domain), w->err_out);
}

/* A record without contents is left out. */
static int record(struct saver *w, enum record_type type, const void *body,
                  size_t size)
{
    return size ? stream_record(w->s, type, body, size, NULL, 0, w->err_out)
                : 0;
}

static int static_save(struct saver *w)
{
    const struct pv_info info = {.width = 8, .levels = 4};
    struct cpu_policy policy;
    int rc = record(w, RECORD_PV_INFO, &info, sizeof(info));

    if (!rc)
        rc = domctl_get_policy(w->p, w->domid, &policy, w->err_out);
    if (rc)
        return rc;
    rc = record(w, RECORD_CPUID_POLICY, policy.leaves.data, policy.leaves.size);
    if (!rc)
        rc = record(w, RECORD_MSR_POLICY, policy.msrs.data, policy.msrs.size);
    cpu_policy_free(&policy);
    return rc ? rc
              : stream_record(w->s, RECORD_STATIC_DATA_END, NULL, 0, NULL, 0,
                              w->err_out);
}

/* The pfn of a frame that must be the guest's. */
static int frame_to_pfn(struct saver *w, uint64_t mfn, const char *what,
                        uint64_t *pfn_out)
{
    uint32_t pfn = p2m_pfn(&w->p2m, mfn);

    if (pfn == NO_PFN)
        return stream_bad(w->err_out, "%s is no page of the guest's", what);
    *pfn_out = pfn;
    return 0;
}

static int p2m_frames_save(struct saver *w)
{
    const struct p2m_range range = {0, (uint32_t)w->p2m.nr_pfns - 1};
    uint64_t *pfns = calloc(w->p2m.nr_frames, sizeof(*pfns)), i;
    int rc = 0;

    if (!pfns)
        return error_set(w->err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    for (i = 0; i < w->p2m.nr_frames && !rc; i++)
        rc =
            frame_to_pfn(w, w->p2m.frame_mfn[i], "a page of its p2m", &pfns[i]);
    if (!rc)
        rc = stream_record(w->s, RECORD_P2M_FRAMES, &range, sizeof(range), pfns,
                           w->p2m.nr_frames * sizeof(*pfns), w->err_out);
    free(pfns);
    return rc;
}

static int pages_save(struct saver *w)
{
    return save_pages(w->p, w->domid, &w->p2m, w->s, w->err_out);
}

static int tsc_save(struct saver *w)
{
    struct xen_domctl_tsc_info tsc;
    struct tsc_record body;
    int rc = domctl_get_tsc(w->p, w->domid, &tsc, w->err_out);

    if (rc)
        return rc;
    body = (struct tsc_record){.mode = tsc.tsc_mode,
                               .khz = tsc.gtsc_khz,
                               .nsec = tsc.elapsed_nsec,
                               .incarnation = tsc.incarnation};
    return record(w, RECORD_TSC_INFO, &body, sizeof(body));
}

static int shared_info_save(struct saver *w)
{
    return record(w, RECORD_SHARED_INFO, w->p2m.shared_info, PAGE_SIZE);
}

/* Frames in a context become pfns. */
static int context_normalize(struct saver *w, unsigned int vcpu,
                             struct vcpu_guest_context *c)
{
    uint64_t pfn = 0, nr_gdt = (c->gdt_ents + GDT_ENTRIES - 1) / GDT_ENTRIES, i;
    int rc = 0;

    /* Its argument of the call that suspended it is its start_info. */
    if (vcpu == 0) {
        rc = frame_to_pfn(w, c->user_regs.rdx, "its start_info", &pfn);
        if (!rc)
            c->user_regs.rdx = pfn;
    }
    for (i = 0; i < nr_gdt && i < 16 && !rc; i++)
        rc = frame_to_pfn(w, c->gdt_frames[i], "its GDT", &c->gdt_frames[i]);
    if (!rc)
        rc = frame_to_pfn(w, c->ctrlreg[3] >> PAGE_SHIFT, "its page table",
                          &pfn);
    if (!rc)
        c->ctrlreg[3] = pfn << PAGE_SHIFT;
    if (!rc && c->ctrlreg[1]) {
        rc = frame_to_pfn(w, c->ctrlreg[1] >> PAGE_SHIFT, "its user page table",
                          &pfn);
        c->ctrlreg[1] = pfn << PAGE_SHIFT | 1;
    }
    return rc;
}

static int vcpu_record(struct saver *w, enum record_type type,
                       unsigned int vcpu, const void *body, size_t size)
{
    const struct vcpu_record head = {.vcpu = vcpu};

    if (!size)
        return 0;
    return stream_record(w->s, type, &head, sizeof(head), body, size,
                         w->err_out);
}

static int basic_save(struct saver *w, unsigned int vcpu)
{
    struct vcpu_guest_context *c = malloc(sizeof(*c));
    int rc;

    if (!c)
        return error_set(w->err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
    rc = domctl_get_context(w->p, w->domid, vcpu, c, w->err_out);
    if (!rc)
        rc = context_normalize(w, vcpu, c);
    if (!rc)
        rc = vcpu_record(w, RECORD_VCPU_BASIC, vcpu, c, sizeof(*c));
    free(c);
    return rc;
}

static int extended_save(struct saver *w, unsigned int vcpu)
{
    struct xen_domctl_ext_vcpucontext extended;
    int rc = domctl_get_extended(w->p, w->domid, vcpu, &extended, w->err_out);

    return rc ? rc
              : vcpu_record(w, RECORD_VCPU_EXTENDED, vcpu, &extended,
                            sizeof(extended));
}

static int blob_save(struct saver *w, enum record_type type, unsigned int vcpu,
                     struct state_blob *blob)
{
    int rc = vcpu_record(w, type, vcpu, blob->data, blob->size);

    free(blob->data);
    return rc;
}

static int vcpu_save(struct saver *w, unsigned int vcpu)
{
    struct state_blob blob;
    int rc = basic_save(w, vcpu);

    if (!rc)
        rc = extended_save(w, vcpu);
    if (!rc)
        rc = domctl_get_xsave(w->p, w->domid, vcpu, &blob, w->err_out);
    if (!rc)
        rc = blob_save(w, RECORD_VCPU_XSAVE, vcpu, &blob);
    if (!rc)
        rc = domctl_get_msrs(w->p, w->domid, vcpu, &blob, w->err_out);
    return rc ? rc : blob_save(w, RECORD_VCPU_MSRS, vcpu, &blob);
}

/* Of vcpus that are up. */
static int vcpus_save(struct saver *w)
{
    struct xen_domctl_getdomaininfo info;
    struct xen_domctl_getvcpuinfo vcpu_info;
    unsigned int vcpu;
    int rc = domctl_info(w->p, w->domid, &info, w->err_out);

    for (vcpu = 0; !rc && vcpu <= info.max_vcpu_id; vcpu++) {
        rc = domctl_vcpu_info(w->p, w->domid, vcpu, &vcpu_info, w->err_out);
        if (!rc && vcpu_info.online) {
            rc = vcpu_save(w, vcpu);
            if (rc)
                error_wrap(w->err_out, "vcpu %u", vcpu);
        }
    }
    return rc;
}

static int end_save(struct saver *w)
{
    return stream_record(w->s, RECORD_END, NULL, 0, NULL, 0, w->err_out);
}

int stream_save(struct privcmd *p, domid_t domid, struct stream *s,
                struct error **err_out)
{
    static int (*const steps[])(struct saver *) = {
        headers_save, static_save,      p2m_frames_save, pages_save,
        tsc_save,     shared_info_save, vcpus_save,      end_save,
    };
    struct saver w = {.p = p, .domid = domid, .s = s, .err_out = err_out};
    size_t i;
    int rc = p2m_read(p, domid, &w.p2m, err_out);

    for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && !rc; i++)
        rc = steps[i](&w);
    p2m_free(&w.p2m);
    return rc;
}
