/* SPDX-License-Identifier: MIT */
/*
 * The keyboard of the console, and dom0's way to both: CONSOLEIO_*.
 *
 * Characters go to dom0, which is told by VIRQ_CONSOLE, until Ctrl-a has come
 * three times in a row; then they are debug keys, until the same again. Keys
 * are handled by a timer, as what they print takes long.
 */
#include "xen/console.h"

#include "public/xen.h"
#include "xen/debug_key.h"
#include "xen/domain.h"
#include "xen/errno.h"
#include "xen/evtchn.h"
#include "xen/guest_access.h"
#include "xen/hypercall.h"
#include "xen/printk.h"
#include "xen/softirq.h"
#include "xen/timer.h"

#define SWITCH_CHAR  '\001' /* Ctrl-a */
#define SWITCH_COUNT 3

#define INPUT_SIZE   512 /* a power of two */
#define KEYS_SIZE    16  /* a power of two */
#define COPY_SIZE    128

struct char_queue {
    char *buf;
    u32 size;
    u32 first, next; /* free-running */
};

/* Under the console lock: */
static char input_buf[INPUT_SIZE], key_buf[KEYS_SIZE];
static struct char_queue input = {.buf = input_buf, .size = INPUT_SIZE};
static struct char_queue keys = {.buf = key_buf, .size = KEYS_SIZE};
static bool to_hypervisor;
static unsigned int nr_switch_chars;

static struct timer key_timer;

/* What does not fit is lost. */
static void queue_put(struct char_queue *q, char c)
{
    if (q->next - q->first < q->size)
        q->buf[q->next++ & (q->size - 1)] = c;
}

static size_t queue_get(struct char_queue *q, char *buf, size_t len)
{
    unsigned long flags = console_lock_irqsave();
    size_t done = 0;

    while (done < len && q->first != q->next)
        buf[done++] = q->buf[q->first++ & (q->size - 1)];
    console_unlock_irqrestore(flags);
    return done;
}

static void switch_input(void)
{
    to_hypervisor = !to_hypervisor;
    printk("*** Serial input to %s (Ctrl-a three times switches)\n",
           to_hypervisor ? "Xenia" : "the control domain");
}

/* Queue a character where it belongs. Switch characters are held back until it
 * is known what they mean. Returns whether anything was queued. */
static bool sort_char(char c)
{
    struct char_queue *q = to_hypervisor ? &keys : &input;

    if (c == SWITCH_CHAR) {
        if (++nr_switch_chars == SWITCH_COUNT) {
            nr_switch_chars = 0;
            switch_input();
        }
        return false;
    }

    for (; nr_switch_chars > 0; nr_switch_chars--)
        queue_put(q, SWITCH_CHAR);
    queue_put(q, c);
    return true;
}

void console_receive(char c)
{
    unsigned long flags = console_lock_irqsave();
    bool queued = sort_char(c), key = to_hypervisor;

    console_unlock_irqrestore(flags);

    if (!queued)
        return;
    if (key)
        timer_set(&key_timer, NOW());
    else
        send_global_virq(VIRQ_CONSOLE);
}

static void handle_keys(void *unused)
{
    char key;

    (void)unused;
    while (queue_get(&keys, &key, 1) == 1)
        debug_key_handle(key);
}

void console_init_input(void)
{
    timer_init(&key_timer, handle_keys, NULL, 0);
    debug_keys_init();
    ns16550_init_input();
}

static long console_io_write(u64 va, size_t len)
{
    char text[COPY_SIZE];

    while (len > 0) {
        size_t part = min_t(size_t, len, sizeof(text));
        unsigned long flags;

        if (copy_from_guest(text, va, part))
            return -EFAULT;
        flags = console_lock_irqsave();
        console_write_guest_locked(text, part);
        console_unlock_irqrestore(flags);
        va += part;
        len -= part;

        if (len > 0 && hypercall_preempt_check()) {
            hypercall_continue(CONSOLEIO_write, len, va, 0, 0);
            return -ERESTART;
        }
    }
    return 0;
}

static long console_io_read(u64 va, size_t len)
{
    char text[COPY_SIZE];
    size_t done = 0, part;

    while (done < len &&
           (part = queue_get(&input, text, min(len - done, sizeof(text)))) >
               0) {
        if (copy_to_guest(va + done, text, part))
            return -EFAULT;
        done += part;
    }
    return done;
}

long do_console_io(unsigned long cmd, unsigned long count, unsigned long buffer,
                   unsigned long a3, unsigned long a4)
{
    size_t len = (u32)count;

    (void)a3, (void)a4;

    if (!current->domain->is_hardware)
        return hc_error(-EPERM);
    if ((int)count < 0)
        return hc_error(-EINVAL);

    switch ((u32)cmd) {
    case CONSOLEIO_write:
        return console_io_write(buffer, len);
    case CONSOLEIO_read:
        return console_io_read(buffer, len);
    default:
        return hc_error(-ENOSYS);
    }
}
