/* SPDX-License-Identifier: MIT */
/* A domain from a stream, record by record; see restore.h. */
#include "stream/restore_internal.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "public/xen.h"

#include "build/layout.h"
#include "lib/worker.h"
#include "stream/p2m.h"

#define MAX_MSRS 256

static int out_of_memory(struct restorer *r)
{
    return error_set(r->err_out, ERROR_NO_MEMORY, -ENOMEM, "out of memory");
}

static int image_check(struct restorer *r, const struct image_header *h)
{
    uint32_t version = be32toh(h->be32_version);

    if (h->marker != IMAGE_MARKER || be32toh(h->be32_id) != IMAGE_ID)
        return stream_bad(r->err_out, "this is no saved guest, or one of an "
                                      "old form");
    if (version != IMAGE_VERSION && version != IMAGE_VERSION - 1)
        return stream_bad(r->err_out, "its format has version %u, not %u",
                          version, IMAGE_VERSION);
    if (be16toh(h->be16_options) & 1)
        return stream_bad(r->err_out, "it is of a big-endian machine");
    return 0;
}

static int headers_read(struct restorer *r)
{
    struct image_header image;
    struct domain_header domain;
    int rc = stream_read(r->s, &image, sizeof(image), r->err_out);

    if (!rc)
        rc = image_check(r, &image);
    if (!rc)
        rc = stream_read(r->s, &domain, sizeof(domain), r->err_out);
    if (rc)
        return rc;
    if (domain.type != DOMAIN_X86_PV)
        return stream_bad(r->err_out, "it is no PV guest: only those are "
                                      "supported");
    return domain.page_shift == PAGE_SHIFT
               ? 0
               : stream_bad(r->err_out, "its pages are of another size");
}

int restore_next(struct restorer *r, struct error **err_out)
{
    struct record_header *next = &r->shared->next;
    int rc = stream_read(r->s, next, sizeof(*next), err_out);

    if (!rc && next->size > MAX_RECORD)
        rc = stream_bad(err_out, "a record of type %#x has %u bytes",
                        next->type, next->size);
    return rc;
}

/* Handlers of records: body and size. */

static int pv_info_take(struct restorer *r, const void *body, size_t size)
{
    const struct pv_info *info = body;

    if (size < sizeof(*info))
        return stream_bad(r->err_out, "PV_INFO is too short");
    if (info->width != 8 || info->levels != 4)
        return stream_bad(r->err_out, "it is no 64-bit guest: only those are "
                                      "supported");
    r->has_pv_info = true;
    return 0;
}

/* Of each kind of policy, the last one counts. */
static int blob_take(struct restorer *r, struct state_blob *blob,
                     const void *body, size_t size)
{
    void *copy = malloc(size ? size : 1);

    if (!copy)
        return out_of_memory(r);
    memcpy(copy, body, size);
    free(blob->data);
    blob->data = copy;
    blob->size = size;
    return 0;
}

static int cpuid_take(struct restorer *r, const void *body, size_t size)
{
    return size % sizeof(struct xen_cpuid_leaf)
               ? stream_bad(r->err_out, "CPUID_POLICY has the wrong length")
               : blob_take(r, &r->policy.leaves, body, size);
}

static int msr_policy_take(struct restorer *r, const void *body, size_t size)
{
    return size % sizeof(struct xen_msr_entry)
               ? stream_bad(r->err_out, "MSR_POLICY has the wrong length")
               : blob_take(r, &r->policy.msrs, body, size);
}

/* What does not change while a guest runs is known now. */
static int static_data_end(struct restorer *r, const void *body, size_t size)
{
    (void)body, (void)size;
    if (r->static_done)
        return 0;
    if (!r->has_pv_info)
        return stream_bad(r->err_out, "PV_INFO is missing");
    r->static_done = true;
    if (!r->policy.leaves.size && !r->policy.msrs.size)
        return 0;
    return domctl_set_policy(r->p, r->request->domid, &r->policy, r->err_out);
}

static int p2m_take(struct restorer *r, const void *body, size_t size)
{
    struct p2m_range range;
    int rc = static_data_end(r, NULL, 0);

    if (rc)
        return rc;
    if (r->nr_pfns)
        return stream_bad(r->err_out, "P2M_FRAMES comes twice");
    if (size < sizeof(range))
        return stream_bad(r->err_out, "P2M_FRAMES is too short");
    memcpy(&range, body, sizeof(range));
    if (range.first != 0 || range.last >= pfn_limit(r->request->nr_pages))
        return stream_bad(r->err_out,
                          "its memory ends at page %#x, too far for its size",
                          range.last);
    r->nr_p2m = range.last / P2M_ENTRIES + 1;
    if (size - sizeof(range) != r->nr_p2m * sizeof(uint64_t))
        return stream_bad(r->err_out, "P2M_FRAMES has the wrong length");
    r->p2m_pfn = malloc(r->nr_p2m * sizeof(uint64_t));
    r->mfn = worker_shared((range.last + 1ULL) * sizeof(*r->mfn));
    r->type = worker_shared(range.last + 1ULL);
    r->nr_pfns = range.last + 1ULL;
    if (!r->p2m_pfn || !r->mfn || !r->type)
        return out_of_memory(r);
    memcpy(r->p2m_pfn, (const char *)body + sizeof(range),
           r->nr_p2m * sizeof(uint64_t));
    return 0;
}

static int tsc_take(struct restorer *r, const void *body, size_t size)
{
    if (size < sizeof(r->tsc))
        return stream_bad(r->err_out, "TSC_INFO is too short");
    memcpy(&r->tsc, body, sizeof(r->tsc));
    r->has_tsc = true;
    return 0;
}

static int shared_info_take(struct restorer *r, const void *body, size_t size)
{
    if (size != PAGE_SIZE)
        return stream_bad(r->err_out, "SHARED_INFO is no page");
    if (!r->shared_info)
        r->shared_info = malloc(PAGE_SIZE);
    if (!r->shared_info)
        return out_of_memory(r);
    memcpy(r->shared_info, body, PAGE_SIZE);
    return 0;
}

/* The vcpu that a record is of, and what is behind its number. */
static struct vcpu_state *vcpu_of(struct restorer *r, const void **body,
                                  size_t *size)
{
    const struct vcpu_record *head = *body;

    if (*size < sizeof(*head) || head->vcpu >= r->request->max_vcpus) {
        stream_bad(r->err_out, "a record is of a vcpu that there is not");
        return NULL;
    }
    *body = head + 1;
    *size -= sizeof(*head);
    return &r->vcpus[head->vcpu];
}

static int basic_take(struct restorer *r, const void *body, size_t size)
{
    struct vcpu_state *v = vcpu_of(r, &body, &size);

    if (!v)
        return -EINVAL;
    if (size != sizeof(*v->basic))
        return stream_bad(r->err_out, "VCPU_BASIC has the wrong length");
    if (!v->basic)
        v->basic = malloc(sizeof(*v->basic));
    if (!v->basic)
        return out_of_memory(r);
    memcpy(v->basic, body, sizeof(*v->basic));
    return 0;
}

/* Older ones are shorter; some streams have them empty. */
static int extended_take(struct restorer *r, const void *body, size_t size)
{
    struct vcpu_state *v = vcpu_of(r, &body, &size);

    if (!v)
        return -EINVAL;
    if (size > sizeof(v->extended))
        return stream_bad(r->err_out, "VCPU_EXTENDED has the wrong length");
    v->extended = (struct xen_domctl_ext_vcpucontext){0};
    memcpy(&v->extended, body, size);
    v->has_extended = size != 0;
    v->extended.vcpu = (uint32_t)(v - r->vcpus);
    if (v->extended.size > size)
        return stream_bad(r->err_out, "VCPU_EXTENDED has the wrong length");
    return 0;
}

static int xsave_take(struct restorer *r, const void *body, size_t size)
{
    struct vcpu_state *v = vcpu_of(r, &body, &size);

    return v ? blob_take(r, &v->xsave, body, size) : -EINVAL;
}

static int msrs_take(struct restorer *r, const void *body, size_t size)
{
    struct vcpu_state *v = vcpu_of(r, &body, &size);

    if (!v)
        return -EINVAL;
    if (size % sizeof(struct xen_domctl_vcpu_msr) ||
        size > MAX_MSRS * sizeof(struct xen_domctl_vcpu_msr))
        return stream_bad(r->err_out, "VCPU_MSRS has the wrong length");
    return blob_take(r, &v->msrs, body, size);
}

static int verify_take(struct restorer *r, const void *body, size_t size)
{
    (void)body, (void)size;
    r->shared->verifying = true;
    return 0;
}

static const struct {
    uint32_t type;
    int (*take)(struct restorer *r, const void *body, size_t size);
} handlers[] = {
    {RECORD_PV_INFO, pv_info_take},
    {RECORD_CPUID_POLICY, cpuid_take},
    {RECORD_MSR_POLICY, msr_policy_take},
    {RECORD_STATIC_DATA_END, static_data_end},
    {RECORD_P2M_FRAMES, p2m_take},
    {RECORD_TSC_INFO, tsc_take},
    {RECORD_SHARED_INFO, shared_info_take},
    {RECORD_VCPU_BASIC, basic_take},
    {RECORD_VCPU_EXTENDED, extended_take},
    {RECORD_VCPU_XSAVE, xsave_take},
    {RECORD_VCPU_MSRS, msrs_take},
    {RECORD_VERIFY, verify_take},
};

/* Read a record's body, whose header is there, and take it. */
static int record_take(struct restorer *r,
                       int (*take)(struct restorer *r, const void *body,
                                   size_t size))
{
    size_t size = r->shared->next.size, padding = record_padding(size);
    void *body = malloc(size + 8);
    int rc;

    if (!body)
        return out_of_memory(r);
    rc = stream_read(r->s, body, size + padding, r->err_out);
    if (!rc)
        rc = take(r, body, size);
    free(body);
    return rc;
}

static int record_restore(struct restorer *r)
{
    const struct record_header *next = &r->shared->next;
    size_t i;

    for (i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
        if (handlers[i].type == next->type)
            return record_take(r, handlers[i].take);
    if (next->type & RECORD_OPTIONAL)
        return stream_skip(r->s, next->size + record_padding(next->size),
                           r->err_out);
    return stream_bad(r->err_out, "it has a record of unknown type %#x",
                      next->type);
}

static int records_restore(struct restorer *r)
{
    int rc = restore_next(r, r->err_out);

    while (!rc && r->shared->next.type != RECORD_END) {
        if (r->shared->next.type == RECORD_PAGE_DATA) {
            rc = restore_pages(r);
            continue;
        }
        rc = record_restore(r);
        if (!rc)
            rc = restore_next(r, r->err_out);
    }
    if (!rc)
        rc = stream_skip(
            r->s, r->shared->next.size + record_padding(r->shared->next.size),
            r->err_out);
    return rc;
}

static void restorer_free(struct restorer *r)
{
    unsigned int i;

    for (i = 0; r->vcpus && i < r->request->max_vcpus; i++) {
        free(r->vcpus[i].basic);
        free(r->vcpus[i].xsave.data);
        free(r->vcpus[i].msrs.data);
    }
    free(r->vcpus);
    free(r->shared_info);
    free(r->p2m_pfn);
    cpu_policy_free(&r->policy);
    worker_shared_free(r->mfn, r->nr_pfns * sizeof(*r->mfn));
    worker_shared_free(r->type, r->nr_pfns);
    worker_shared_free(r->shared, sizeof(*r->shared));
}

int stream_restore(struct privcmd *p, const struct restore_request *request,
                   struct stream *s, struct restore_result *result,
                   struct error **err_out)
{
    struct restorer r = {
        .p = p, .request = request, .s = s, .err_out = err_out};
    int rc;

    r.shared = worker_shared(sizeof(*r.shared));
    r.vcpus = calloc(request->max_vcpus, sizeof(*r.vcpus));
    rc = r.shared && r.vcpus ? headers_read(&r) : out_of_memory(&r);
    if (!rc)
        rc = records_restore(&r);
    if (!rc)
        rc = restore_finish(&r, result);
    restorer_free(&r);
    return rc;
}
