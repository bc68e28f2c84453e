/* SPDX-License-Identifier: MIT */
/*
 * A kernel with a console, a disk, a network and a shell for them, in 1 MiB of
 * memory: what a port of the drivers is, and nothing besides.
 */
#include "pv/balloon.h"
#include "pv/consfront.h"
#include "pv/store_ring.h"
#include "pv/text.h"

#include "bare.h"
#include "guest.h"

/* The balloon leaves these, so that disk and network have what they need. */
#define PAGES_TO_KEEP 48U

static struct consfront console;
static struct balloon balloon;

/* Waits while there is no room: a shell has nothing better to do. */
static void console_write(const char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t done;

        if (text[i] == '\n')
            while (!consfront_write(&console, "\r", 1))
                bare_wait(console.port);
        while (!(done = consfront_write(&console, text + i, 1)))
            bare_wait(console.port);
        i += done;
    }
}

/* What is typed while the shell is busy waits in the ring. */
static void console_take(void)
{
    char c;

    while (!shell_is_busy() && consfront_read(&console, &c, 1))
        shell_type(c);
}

/* What the toolstack asks for: `xl shutdown`, `xl reboot`. */
#define REQUEST "control/shutdown"

/* An empty value tells who asked that it is taken. */
static void request_changed(void *arg, const char *path)
{
    char what[16];
    unsigned int reason;

    (void)arg;
    if (os_store_read(OS_STORE_NONE, path, what, sizeof(what)))
        return;
    if (!strcmp(what, "poweroff") || !strcmp(what, "halt"))
        reason = SHUTDOWN_poweroff;
    else if (!strcmp(what, "reboot"))
        reason = SHUTDOWN_reboot;
    else
        return;
    os_store_write(OS_STORE_NONE, path, "");
    bare_end(reason);
}

static struct os_watch request = {.path = REQUEST, .fn = request_changed};

/* The loop below looks at both after each event. */
static void ignore_event(void *arg)
{
    (void)arg;
}

/* The boot library calls it. */
void test_main(void)
{
    uint64_t pages = start_info->nr_pages;

    bare_open();
    consfront_open(&console, mfn_to_va(start_info->console.domU.mfn),
                   start_info->console.domU.evtchn);
    bare_event_use(console.port, ignore_event, NULL);
    console_set_writer(console_write);
    bare_event_use(start_info->store_evtchn, ignore_event, NULL);
    store_ring_open(mfn_to_va(start_info->store_mfn), start_info->store_evtchn);
    balloon_open(&balloon, pages, pages - bare_free_pages() + PAGES_TO_KEEP,
                 pages);
    os_store_watch(&request);
    shell_open();
    for (;;) {
        console_take();
        bare_run();
    }
}
