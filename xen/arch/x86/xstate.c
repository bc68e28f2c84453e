/* SPDX-License-Identifier: MIT */
/* Extended processor state. SDM 1, 13. */
#include "asm/xstate.h"

#include "xen/errno.h"
#include "xen/page_alloc.h"
#include "xen/string.h"
#include "xen/vcpu.h"
#include "asm/cpuid.h"
#include "asm/processor.h"

#define XSTATE_FP     1UL
#define XSTATE_SSE    2UL
#define XSTATE_AVX    4UL
#define XSTATE_AVX512 0xe0UL /* three parts, only together */
#define XSTATE_KNOWN  (XSTATE_FP | XSTATE_SSE | XSTATE_AVX | XSTATE_AVX512)

#define FXSAVE_SIZE   512
#define FCW_OFFSET    0
#define MXCSR_OFFSET  24
#define MXCSR_MASK    0xffbfU /* every CPU has these */

/* Behind the FXSAVE image. */
struct xsave_header {
    u64 xstate_bv; /* states that are not initial */
    u64 xcomp_bv;  /* 0: standard form */
    u64 reserved[6];
};

u64 xfeature_mask;
unsigned int xsave_area_size = FXSAVE_SIZE;
static bool have_xsaveopt;

static void xsetbv(u64 value)
{
    __asm__ volatile("xsetbv" ::"c"(0), "a"((u32)value),
                     "d"((u32)(value >> 32)));
}

void xstate_init(bool bsp)
{
    u32 a, b, c, d;

    cpuid(1, 0, &a, &b, &c, &d);
    if (!(c & (1u << 26))) /* XSAVE */
        return;

    write_cr4(read_cr4() | X86_CR4_OSXSAVE);
    if (bsp) {
        cpuid(0xd, 0, &a, &b, &c, &d);
        xfeature_mask = (((u64)d << 32) | a) & XSTATE_KNOWN;
        if ((xfeature_mask & XSTATE_AVX512) != XSTATE_AVX512 ||
            !(xfeature_mask & XSTATE_AVX))
            xfeature_mask &= ~XSTATE_AVX512;
        xsetbv(xfeature_mask);
        cpuid(0xd, 0, &a, &b, &c, &d);
        xsave_area_size = b;
        cpuid(0xd, 1, &a, &b, &c, &d);
        have_xsaveopt = a & 1;
    }
    xsetbv(xfeature_mask);
}

int xstate_alloc(struct vcpu *v)
{
    u8 *area;

    /* XSAVE needs 64-byte alignment: whole pages have it. */
    area = alloc_xenheap_pages(xsave_area_size > PAGE_SIZE ? 2 : 0, 0);
    if (!area)
        return -ENOMEM;

    *(u16 *)(area + FCW_OFFSET) = 0x037f;
    *(u32 *)(area + MXCSR_OFFSET) = 0x1f80;
    v->arch.xsave_area = area;
    v->arch.xcr0 = xfeature_mask ? XSTATE_FP : 0;
    return 0;
}

void xstate_free(struct vcpu *v)
{
    if (v->arch.xsave_area)
        free_xenheap_pages(v->arch.xsave_area,
                           xsave_area_size > PAGE_SIZE ? 2 : 0);
    v->arch.xsave_area = NULL;
}

/* A guest may have cleared bits of XCR0 after it used what they cover, so all
 * features are switched, whatever its XCR0 says. */
void xstate_save(struct vcpu *v)
{
    u8 *area = v->arch.xsave_area;
    u32 lo = (u32)xfeature_mask, hi = (u32)(xfeature_mask >> 32);

    if (v->arch.virtual_ts)
        __asm__ volatile("clts");
    if (!xfeature_mask) {
        __asm__ volatile("fxsave64 (%0)" ::"r"(area) : "memory");
        return;
    }
    if (v->arch.xcr0 != xfeature_mask)
        xsetbv(xfeature_mask);
    if (have_xsaveopt)
        __asm__ volatile("xsaveopt64 (%0)" ::"r"(area), "a"(lo), "d"(hi)
                         : "memory");
    else
        __asm__ volatile("xsave64 (%0)" ::"r"(area), "a"(lo), "d"(hi)
                         : "memory");
}

void xstate_restore(struct vcpu *v)
{
    u8 *area = v->arch.xsave_area;
    u32 lo = (u32)xfeature_mask, hi = (u32)(xfeature_mask >> 32);

    /* AMD's CPUs leave the pointers of the last x87 instruction as they are
     * when no exception is pending: those of another guest. */
    __asm__ volatile("clts; fninit");
    if (!xfeature_mask) {
        __asm__ volatile("fxrstor64 (%0)" ::"r"(area) : "memory");
    } else {
        xsetbv(xfeature_mask);
        __asm__ volatile("xrstor64 (%0)" ::"r"(area), "a"(lo), "d"(hi)
                         : "memory");
        if (v->arch.xcr0 != xfeature_mask)
            xsetbv(v->arch.xcr0);
    }
    if (v->arch.virtual_ts)
        write_cr0(read_cr0() | X86_CR0_TS);
}

/* May v have this in XCR0? */
static bool xcr0_ok(const struct vcpu *v, u64 value)
{
    if (!(value & XSTATE_FP) ||
        (value & ~cpuid_xcr0_max(v->domain->arch.cpuid)))
        return false;
    if ((value & XSTATE_AVX) && !(value & XSTATE_SSE))
        return false;
    if ((value & XSTATE_AVX512) &&
        ((value & XSTATE_AVX512) != XSTATE_AVX512 || !(value & XSTATE_AVX)))
        return false;
    return true;
}

bool xstate_set_xcr0(struct vcpu *v, u64 value)
{
    if (!xcr0_ok(v, value))
        return false;
    v->arch.xcr0 = value;
    v->arch.xcr0_used |= value;
    xsetbv(value);
    return true;
}

u64 xstate_used(const struct vcpu *v)
{
    return v->arch.xcr0_used;
}

unsigned int xstate_size(u64 states)
{
    return cpuid_xstate_size(&cpuid_host, states);
}

void xstate_export(const struct vcpu *v, void *area_out)
{
    struct xsave_header *header = (void *)((u8 *)area_out + FXSAVE_SIZE);
    u64 used = v->arch.xcr0_used;

    memcpy(area_out, v->arch.xsave_area, xstate_size(used));
    header->xstate_bv &= used;
}

int xstate_import(struct vcpu *v, u64 xcr0, u64 used, void *area)
{
    const struct xsave_header *header = (void *)((u8 *)area + FXSAVE_SIZE);
    u8 *own = v->arch.xsave_area;

    if (!xcr0_ok(v, used) || !xcr0_ok(v, xcr0) || (xcr0 & ~used) ||
        (header->xstate_bv & ~used))
        return -EINVAL;
    if (header->xcomp_bv)
        return -EOPNOTSUPP;
    for (unsigned int i = 0; i < ARRAY_SIZE(header->reserved); i++)
        if (header->reserved[i])
            return -EIO;

    memset(own, 0, xsave_area_size);
    memcpy(own, area, xstate_size(used));
    *(u32 *)(own + MXCSR_OFFSET) &= MXCSR_MASK;
    v->arch.xcr0 = xcr0;
    v->arch.xcr0_used = used;
    return 0;
}

void xstate_load_fpu(struct vcpu *v, const void *fxsave)
{
    u8 *area = v->arch.xsave_area;

    memcpy(area, fxsave, FXSAVE_SIZE);
    *(u32 *)(area + MXCSR_OFFSET) &= MXCSR_MASK;
    if (xfeature_mask) {
        /* Header: legacy parts are there, everything else is initial. */
        memset(area + FXSAVE_SIZE, 0, 64);
        *(u64 *)(area + FXSAVE_SIZE) = XSTATE_FP | XSTATE_SSE;
    }
}

void xstate_store_fpu(const struct vcpu *v, void *fxsave)
{
    memcpy(fxsave, v->arch.xsave_area, FXSAVE_SIZE);
}
