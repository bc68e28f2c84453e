/* SPDX-License-Identifier: MIT */
/* The ways in which the hypervisor says that something is wrong with it, or
 * with what it runs on. */
#include "xen/bug.h"

#include <stdarg.h>

#include "xen/console.h"
#include "xen/panic.h"
#include "xen/printk.h"
#include "xen/shutdown.h"
#include "xen/symbols.h"
#include "xen/vsprintf.h"
#include "asm/current.h"
#include "asm/page.h"
#include "asm/smp.h"

#define MAX_FRAMES 32

/* Where the image's code ends, from the linker script. */
extern const char _etext[];

bool on_own_stack(unsigned long addr)
{
    unsigned long here = (unsigned long)__builtin_frame_address(0);
    unsigned long offset = addr & (STACK_SIZE - 1UL);

    return !(addr & 7) && (addr ^ here) < STACK_SIZE &&
           offset <= STACK_SIZE - 16 &&
           offset / PAGE_SIZE != STACK_GUARD_PAGE &&
           (offset + 8) / PAGE_SIZE != STACK_GUARD_PAGE;
}

static void show_caller(unsigned long rip)
{
    printk("   [<%016lx>] %ps\n", rip, (void *)rip);
}

/* No chain of frames, which only debug builds keep: show what looks like return
 * addresses. */
static void scan_stack(unsigned long sp)
{
    unsigned long offset, size;
    unsigned int shown = 0;

    for (; on_own_stack(sp) && shown < MAX_FRAMES; sp += 8) {
        unsigned long word = *(unsigned long *)sp;

        if (word < (unsigned long)_etext &&
            symbol_lookup(word, &offset, &size)) {
            show_caller(word);
            shown++;
        }
    }
}

void backtrace_from(unsigned long rip, unsigned long frame, unsigned long sp)
{
    printk("Backtrace:\n");
    show_caller(rip);
    if (!IS_ENABLED(CONFIG_DEBUG) || !on_own_stack(frame)) {
        scan_stack(sp);
        return;
    }

    /* Each frame lies above the last. */
    for (unsigned int i = 0; i < MAX_FRAMES && on_own_stack(frame); i++) {
        const unsigned long *words = (const unsigned long *)frame;

        show_caller(words[1]);
        if (words[0] <= frame)
            break;
        frame = words[0];
    }
}

/* From the caller's caller on. */
static __always_inline void backtrace_here(void)
{
    unsigned long *frame = __builtin_frame_address(0);

    backtrace_from(frame[1], frame[0], (unsigned long)(frame + 2));
}

static void begin_failure(void)
{
    static bool failing;

    local_irq_disable();
    if (failing) /* while telling of the first: that is enough */
        machine_fail();
    failing = true;
    smp_stop_others();
    console_force_unlock();
    printk(XENLOG_ERR "****************************************\n");
}

static void __noreturn end_failure(void)
{
    printk(XENLOG_ERR "****************************************\n");
    machine_fail();
}

void bug(const char *file, unsigned int line, const char *what)
{
    begin_failure();
    printk(XENLOG_ERR "Xenia bug on CPU %u: %s at %s:%u\n", smp_processor_id(),
           what, file, line);
    backtrace_here();
    end_failure();
}

void panic(const char *fmt, ...)
{
    static char text[512];
    va_list args;

    begin_failure();
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    printk(XENLOG_ERR "Panic on CPU %u:\n", smp_processor_id());
    printk(XENLOG_ERR "%s\n", text);
    end_failure();
}

void warn(const char *file, unsigned int line, const char *what)
{
    printk(XENLOG_WARNING "Xenia warning on CPU %u: %s at %s:%u\n",
           smp_processor_id(), what, file, line);
    backtrace_here();
}
