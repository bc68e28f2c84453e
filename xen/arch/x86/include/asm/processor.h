/* SPDX-License-Identifier: MIT */
/* Instructions that C has no words for. */
#ifndef ASM_PROCESSOR_H
#define ASM_PROCESSOR_H

#include "xen/types.h"

#define X86_CR0_PE         0x00000001UL
#define X86_CR0_MP         0x00000002UL
#define X86_CR0_TS         0x00000008UL
#define X86_CR0_ET         0x00000010UL
#define X86_CR0_NE         0x00000020UL
#define X86_CR0_WP         0x00010000UL
#define X86_CR0_AM         0x00040000UL
#define X86_CR0_PG         0x80000000UL

#define X86_CR4_TSD        0x00000004UL
#define X86_CR4_DE         0x00000008UL
#define X86_CR4_PAE        0x00000020UL
#define X86_CR4_MCE        0x00000040UL
#define X86_CR4_PGE        0x00000080UL
#define X86_CR4_OSFXSR     0x00000200UL
#define X86_CR4_OSXMMEXCPT 0x00000400UL
#define X86_CR4_UMIP       0x00000800UL
#define X86_CR4_FSGSBASE   0x00010000UL
#define X86_CR4_OSXSAVE    0x00040000UL
#define X86_CR4_SMEP       0x00100000UL
#define X86_CR4_SMAP       0x00200000UL

#define MSR_TSC            0x00000010
#define MSR_APIC_BASE      0x0000001b
#define MSR_PLATFORM_INFO  0x000000ce
#define MSR_SYSENTER_CS    0x00000174
#define MSR_SYSENTER_ESP   0x00000175
#define MSR_SYSENTER_EIP   0x00000176
#define MSR_MISC_ENABLE    0x000001a0
#define MSR_PAT            0x00000277
#define MSR_TSC_DEADLINE   0x000006e0
#define MSR_X2APIC_BASE    0x00000800
#define MSR_EFER           0xc0000080
#define MSR_STAR           0xc0000081
#define MSR_LSTAR          0xc0000082
#define MSR_CSTAR          0xc0000083
#define MSR_SYSCALL_MASK   0xc0000084
#define MSR_FS_BASE        0xc0000100
#define MSR_GS_BASE        0xc0000101
#define MSR_KERNEL_GS_BASE 0xc0000102
#define MSR_TSC_AUX        0xc0000103

#define EFER_SCE           0x001UL
#define EFER_LME           0x100UL
#define EFER_LMA           0x400UL
#define EFER_NX            0x800UL

static inline void cpuid(u32 leaf, u32 subleaf, u32 *a, u32 *b, u32 *c, u32 *d)
{
    __asm__ volatile("cpuid"
                     : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d)
                     : "0"(leaf), "2"(subleaf));
}

static inline u64 rdmsr(u32 msr)
{
    u32 lo, hi;

    __asm__ volatile("rdmsr" : "=a"(lo), "=d"(hi) : "c"(msr));
    return ((u64)hi << 32) | lo;
}

static inline void wrmsr(u32 msr, u64 value)
{
    __asm__ volatile("wrmsr" ::"c"(msr), "a"((u32)value),
                     "d"((u32)(value >> 32))
                     : "memory");
}

/** Read an MSR that may not exist. Returns 0 or -EFAULT. */
int __must_check rdmsr_safe(u32 msr, u64 *value_out);
/** Write one. Returns 0 or -EFAULT. */
int __must_check wrmsr_safe(u32 msr, u64 value);

static inline u64 rdtsc(void)
{
    u32 lo, hi;

    __asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
    return ((u64)hi << 32) | lo;
}

/** Not before all earlier loads are done. */
static inline u64 rdtsc_ordered(void)
{
    __asm__ volatile("lfence" ::: "memory");
    return rdtsc();
}

#define DEFINE_CR_ACCESS(n)                                                    \
    static inline unsigned long read_cr##n(void)                               \
    {                                                                          \
        unsigned long v;                                                       \
        __asm__ volatile("mov %%cr" #n ", %0" : "=r"(v)::"memory");            \
        return v;                                                              \
    }                                                                          \
    static inline void write_cr##n(unsigned long v)                            \
    {                                                                          \
        __asm__ volatile("mov %0, %%cr" #n ::"r"(v) : "memory");               \
    }
DEFINE_CR_ACCESS(0)
DEFINE_CR_ACCESS(2)
DEFINE_CR_ACCESS(3)
DEFINE_CR_ACCESS(4)

static inline void invlpg(unsigned long va)
{
    __asm__ volatile("invlpg (%0)" ::"r"(va) : "memory");
}

/** The selector of a table that the GDT has, or 0. */
static inline void load_ldt_register(u16 selector)
{
    __asm__ volatile("lldt %w0" ::"r"(selector));
}

static inline void halt(void)
{
    __asm__ volatile("hlt" ::: "memory");
}

/** Interrupts on and sleep, with no gap between the two. */
static inline void safe_halt(void)
{
    __asm__ volatile("sti; hlt" ::: "memory");
}

static inline u8 inb(u16 port)
{
    u8 v;
    __asm__ volatile("inb %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}
static inline u16 inw(u16 port)
{
    u16 v;
    __asm__ volatile("inw %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}
static inline u32 inl(u16 port)
{
    u32 v;
    __asm__ volatile("inl %1, %0" : "=a"(v) : "Nd"(port));
    return v;
}
static inline void outb(u8 v, u16 port)
{
    __asm__ volatile("outb %0, %1" ::"a"(v), "Nd"(port));
}
static inline void outw(u16 v, u16 port)
{
    __asm__ volatile("outw %0, %1" ::"a"(v), "Nd"(port));
}
static inline void outl(u32 v, u16 port)
{
    __asm__ volatile("outl %0, %1" ::"a"(v), "Nd"(port));
}

#endif
