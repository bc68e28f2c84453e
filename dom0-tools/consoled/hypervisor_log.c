/* SPDX-License-Identifier: MIT */
/*
 * The hypervisor's ring of messages; see hypervisor_log.h.
 *
 * The history's `base` and `end` say how far it was read, as with a guest's
 * ring: the hypervisor counts bytes by 32 bits, too.
 */
#include "consoled/hypervisor_log.h"

#include <string.h>

#include "public/xen.h"

#include "consoled/message.h"
#include "lib/evtchn_dev.h"
#include "lib/sysctl.h"

#define FILE_NAME "hypervisor.log"

static struct history history;
static struct log_file file = {.fd = -1};
static struct log_style style;
static uint32_t port;    /* of VIRQ_CON_RING; 0: none */
static uint64_t next_ms; /* when it is read without an event */

static void log_read(struct consoled *d)
{
    struct history_head *head = history.head;
    char text[HISTORY_CHUNK];
    int rounds = 64;
    size_t len;
    int rc;

    next_ms = clock_ms() + HYPERVISOR_LOG_MS;
    do {
        uint32_t index = head->base + (uint32_t)head->end;

        if (sysctl_read_console_from(d->privcmd, &index, text, sizeof(text),
                                     &len, NULL))
            return;
        /* Where some was lost, the index is ahead of what was read. */
        head->base = index - (uint32_t)(head->end + len);
        history_append(&history, text, (uint32_t)len);
        rc = log_file_write(&file, &history, &style);
        if (rc && !file.failed)
            message(FILE_NAME ": %s", strerror(-rc));
        file.failed = rc != 0;
    } while (len == sizeof(text) && rounds--);
}

int hypervisor_log_open(struct consoled *d)
{
    struct history_owner owner = {.domid = 0};
    bool is_new;
    int rc;

    /* No guest has this name: it can't be a UUID. */
    strcpy(owner.uuid, "hypervisor");
    strcpy(owner.name, "(hypervisor)");
    strcpy(owner.boot, d->boot);
    rc = history_open(d->history_dir, &owner, HISTORY_MIN_SIZE, &history,
                      &is_new);
    if (!rc)
        rc = log_file_open(&file, d->log_dir, FILE_NAME, &history, is_new);
    if (rc)
        return rc;
    style.timestamp = d->options.stamp_hypervisor;
    rc = evtchn_dev_bind_virq(d->evtchn, VIRQ_CON_RING);
    if (rc < 0)
        message("no events of the hypervisor's log: %s", strerror(-rc));
    else
        port = (uint32_t)rc;
    log_read(d);
    return 0;
}

bool hypervisor_log_event(struct consoled *d, uint32_t which)
{
    if (!port || which != port)
        return false;
    evtchn_dev_unmask(d->evtchn, port);
    log_read(d);
    return true;
}

void hypervisor_log_poll(struct consoled *d)
{
    if (history.head && clock_ms() >= next_ms)
        log_read(d);
}

void hypervisor_log_reopen(struct consoled *d)
{
    int rc;

    if (!history.head)
        return;
    log_read(d);
    log_file_close(&file);
    rc = log_file_open(&file, d->log_dir, FILE_NAME, &history, false);
    if (rc)
        message(FILE_NAME ": %s", strerror(-rc));
}
