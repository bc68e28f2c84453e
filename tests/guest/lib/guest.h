/* SPDX-License-Identifier: MIT */
/*
 * What a test kernel is made of: checks, console, memory, traps, events, vcpus
 * and time. A test is a function test_main() that makes checks; the library
 * starts it and ends the machine after it.
 */
#ifndef GUEST_GUEST_H
#define GUEST_GUEST_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "public/event_channel.h"
#include "public/sched.h"
#include "public/vcpu.h"
#include "public/version.h"
#include "public/xen.h"

#include "hypercall.h"
#include "layout.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define barrier()     __asm__ volatile("" ::: "memory")

/* Volatile access to memory that others write, too. */
#define READ_ONCE(x)     (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v) (*(volatile __typeof__(x) *)&(x) = (v))

/** The test itself. Each test kernel defines it. */
void test_main(void);

/** What the domain builder told this kernel. */
extern const struct start_info *start_info;

/* ---- check.c ---------------------------------------------------------- */

/** Report check `name`: good if the condition holds. */
#define CHECK(name, condition)                                                 \
    check_true((name), __FILE_NAME__, __LINE__, (condition), #condition)

/** Report check `name`: good if both values (64 bits) are equal. */
#define CHECK_EQ(name, got, expected)                                          \
    check_equal((name), __FILE_NAME__, __LINE__, (uint64_t)(got),              \
                (uint64_t)(expected))

/** Report check `name` (a format) of a row of a table. */
bool check_true(const char *name, const char *file, int line, bool good,
                const char *text);
bool check_equal(const char *name, const char *file, int line, uint64_t got,
                 uint64_t expected);

/** Say that check `name` does not apply here. */
void check_skip(const char *name, const char *why);

/** Print the counts, wait a while for the audit, power off. */
void check_done(void) __attribute__((noreturn));

/** Something that the rest of the test stands on has failed: end it. */
#define REQUIRE(name, condition)                                               \
    do {                                                                       \
        if (!(condition)) {                                                    \
            CHECK(name, condition);                                            \
            check_done();                                                      \
        }                                                                      \
    } while (0)

/* ---- console.c -------------------------------------------------------- */

/** Print one line or a part of it: %s %c %d %u %x with l, and %%. */
void printf(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vprintf(const char *format, va_list args)
    __attribute__((format(printf, 1, 0)));

/** From now on, text goes there. */
void console_set_writer(void (*write)(const char *text, size_t size));

/* ---- string.c --------------------------------------------------------- */

void *memset(void *to, int value, size_t size);
void *memcpy(void *to, const void *from, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strcmp(const char *a, const char *b);

/* ---- memory.c --------------------------------------------------------- */

#define PTE_P            0x001UL
#define PTE_RW           0x002UL
#define PTE_US           0x004UL
#define PTE_PWT          0x008UL
#define PTE_PCD          0x010UL
#define PTE_A            0x020UL
#define PTE_D            0x040UL
#define PTE_PSE          0x080UL /* in an L1 entry: PAT */
#define PTE_G            0x100UL
#define PTE_AVAIL0       0x200UL
#define PTE_GUEST_KERNEL (1UL << 52) /* the hypervisor's: was not PTE_US */
#define PTE_NX           (1UL << 63)
#define PTE_MFN_MASK     0x000ffffffffff000UL

/* Flags of a read-only and of a writable page; of a table of tables. */
#define PTE_PAGE_RO (PTE_P | PTE_US | PTE_A)
#define PTE_PAGE_RW (PTE_PAGE_RO | PTE_RW | PTE_D)
#define PTE_TABLE   (PTE_P | PTE_RW | PTE_US | PTE_A | PTE_D)

#define INVALID_MFN (~0UL)

/** The machine frame of a pfn, as the p2m says. */
uint64_t pfn_to_mfn(uint64_t pfn);
void set_p2m(uint64_t pfn, uint64_t mfn);

/** Of an address of this kernel's image or page pool, and back. */
uint64_t va_to_pfn(const void *va);
uint64_t va_to_mfn(const void *va);
void *mfn_to_va(uint64_t mfn);

/** The machine-to-physical table's entry. */
uint64_t mfn_to_pfn(uint64_t mfn);

static inline uint64_t make_pte(uint64_t mfn, uint64_t flags)
{
    return mfn << PAGE_SHIFT | flags;
}

/* ---- pool.c ----------------------------------------------------------- */

/** A zeroed, writable page of the pool; ends the test if there is none. */
void *page_alloc(void);

/** Give it back: writable again, not pinned, not mapped elsewhere. */
void page_free(void *page);

/* ---- memory.c, on ----------------------------------------------------- */

/** Change how the pool's page is mapped. Return the hypercall's result. */
long page_set_readonly(void *page);
long page_set_writable(void *page);

/** Remove the page's mapping. */
long page_unmap(void *page);

/**
 * The entry for va at a level (4..1) of the tables in use, readable through the
 * kernel's mapping; NULL if an upper level has none.
 */
uint64_t *pte_of(uint64_t va, int level);

/** The machine address of that entry, 0 if there is none. */
uint64_t pte_maddr(uint64_t va, int level);

/** The L4 table that this kernel was started on. */
uint64_t *boot_l4(void);

/* ---- tables.c --------------------------------------------------------- */

/* A tree of tables, one per level, that maps one page; nothing is pinned. */
struct table_tree {
    uint64_t *l4, *l3, *l2, *l1;
    void *page;
    uint64_t va; /* of the page in this tree */
};

/** Build one, with all tables mapped read-only; va is below 2^47. */
void tree_build(struct table_tree *tree, uint64_t va);

/** Its L4 also maps this kernel, so that it can be a base pointer. */
void tree_add_kernel(struct table_tree *tree);

/** Make its pages writable again, and free them. Nothing may be pinned. */
void tree_free(struct table_tree *tree);

/* ---- trap.c ----------------------------------------------------------- */

/* As head.S pushes them. */
struct regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi,
        rdi;
    uint64_t vector; /* or VECTOR_* */
    uint64_t error;
    uint64_t rip, cs, rflags, rsp, ss;
};

#define TRAP_DE   0
#define TRAP_DB   1
#define TRAP_NMI  2
#define TRAP_BP   3
#define TRAP_OF   4
#define TRAP_BR   5
#define TRAP_UD   6
#define TRAP_NM   7
#define TRAP_NP   11
#define TRAP_SS   12
#define TRAP_GP   13
#define TRAP_PF   14
#define TRAP_MF   16
#define TRAP_AC   17
#define TRAP_XM   19
#define TRAP_NONE 1000 /* there was no trap */

#define RFLAGS_TF (1UL << 8)
#define RFLAGS_IF (1UL << 9)
#define RFLAGS_NT (1UL << 14)
#define RFLAGS_AC (1UL << 18)

/* The last trap of a vcpu. */
struct trap {
    struct regs regs;
    uint64_t cr2;
    unsigned int count; /* since trap_clear() */
};

/** Forget the last trap. */
void trap_clear(void);

/** What it was; regs.vector is TRAP_NONE if there was none. */
const struct trap *trap_last(void);

/**
 * Run assembly text which may trap at its first instruction, in which case the
 * rest is left out. Operands follow as in an asm statement. Value: vector.
 */
#define TRAP_OF_INSN(text, ...)                                                \
    ({                                                                         \
        trap_clear();                                                          \
        __asm__ volatile(".pushsection .fixups, \"a\"\n"                       \
                         ".quad 771f, 772f\n"                                  \
                         ".popsection\n"                                       \
                         "771: " text "\n772:\n" __VA_ARGS__);                 \
        barrier();                                                             \
        trap_last()->regs.vector;                                              \
    })

/** Write, read or run at an address. Value: vector of the trap. */
uint64_t try_write(uint64_t va, uint64_t value);
uint64_t try_read(uint64_t va);

/** Call a function on each trap first; true: it has dealt with it. */
void trap_set_hook(bool (*hook)(struct regs *regs));

/** Register the trap table and callbacks. For each vcpu, at its start. */
void trap_init(void);

/** The table, 257 rows. */
const struct trap_info *trap_table(void);

/* In head.S. */
extern uint8_t vector_stubs[], event_entry[], syscall_entry[];
extern uint8_t syscall32_entry[], sysenter_entry[], nmi_entry[];
extern uint8_t failsafe_entry[], iret_done[];
extern uint64_t failsafe_selectors[4];

/* ---- user.c ----------------------------------------------------------- */

/**
 * Run user code at rip until it traps or calls. Returns what it was.
 * The user tables are the caller's business (MMUEXT_NEW_USER_BASEPTR).
 */
const struct trap *user_run(uint64_t rip, uint64_t rsp, uint64_t rflags);

/** The same with all of the frame given. */
const struct trap *user_run_frame(const struct iret_context *frame);

/** The same, where hypercall nr with these arguments makes the iret. */
const struct trap *user_run_by(const struct iret_context *frame, uint64_t nr,
                               const void *arg0, uint64_t arg1);

/* ---- option.c --------------------------------------------------------- */

/** The number behind `name`, which ends in '='; unchanged if there is none. */
void option_read(const char *name, uint64_t *value);

/* ---- event.c ---------------------------------------------------------- */

extern struct shared_info *shared_info;

/** Map shared_info and make it known. At the start. */
void event_init(void);

/** Allow or forbid upcalls on this vcpu; pending ones come at once. */
void event_enable(void);
void event_disable(void);

/** Events that the upcall saw on a port, since event_clear(). */
unsigned int event_count(evtchn_port_t port);
void event_clear(void);

/** Unmask in the bitmap, without a hypercall; or mask. */
void event_unmask(evtchn_port_t port);
void event_mask(evtchn_port_t port);
bool event_pending(evtchn_port_t port);
void event_clear_pending(evtchn_port_t port);

/** Wait at most ms milliseconds until the port has had an event. */
bool event_wait(evtchn_port_t port, unsigned int ms);

/** The vcpu_info of a vcpu: in shared_info, or where it was registered. */
struct vcpu_info *vcpu_info(unsigned int vcpu);
void set_vcpu_info(unsigned int vcpu, struct vcpu_info *info);

/* ---- vcpu.c ----------------------------------------------------------- */

struct vcpu {
    unsigned int id;
    struct trap trap;
};

/** The vcpu that runs this. */
struct vcpu *this_vcpu(void);

/** Where its stack ends. */
uint64_t vcpu_stack_end(unsigned int id);

/** A context that starts at vcpu_entry() with this kernel's tables and traps.
 */
void vcpu_context(struct vcpu_guest_context *context, unsigned int id,
                  void (*function)(void));

/** Bring a vcpu up in function. Returns the first error. */
long vcpu_start(unsigned int id, void (*function)(void));

/** How many vcpus the domain may have. */
unsigned int vcpu_max(void);

/** Take this vcpu down; brought up again it stays in a loop of downs. */
void vcpu_park(void) __attribute__((noreturn));

extern uint8_t vcpu_entry[], vcpu_stacks[];

/* ---- time.c ----------------------------------------------------------- */

/** System time in ns, by this vcpu's vcpu_time_info. */
uint64_t time_ns(void);

/** Wait busily; returns false after ms milliseconds. */
bool wait_until(volatile unsigned int *word, unsigned int value,
                unsigned int ms);

/** Sleep by SCHEDOP_poll. */
void sleep_ms(unsigned int ms);

#define MS 1000000UL /* in ns */

static inline uint64_t rdtsc(void)
{
    uint32_t low, high;

    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

#endif
