// SPDX-License-Identifier: MIT
/*
 * The store, by Linux's own client. Its watches are called by a thread of
 * Linux's, which also removes devices and waits for us then: so it never waits
 * for the drivers' context. It leaves events in a list, for work of ours.
 */
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include "port.h"

static struct xenbus_transaction in(uint32_t transaction)
{
    return (struct xenbus_transaction){transaction};
}

int os_store_read(uint32_t transaction, const char *path, char *value,
                  size_t size)
{
    char *text = xenbus_read(in(transaction), path, "", NULL);
    int rc;

    if (IS_ERR(text))
        return PTR_ERR(text);
    rc = strscpy(value, text, size);
    kfree(text);
    return rc < 0 ? -E2BIG : 0;
}

int os_store_write(uint32_t transaction, const char *path, const char *value)
{
    return xenbus_write(in(transaction), path, "", value);
}

int os_store_remove(uint32_t transaction, const char *path)
{
    return xenbus_rm(in(transaction), path, "");
}

int os_store_list(const char *path, char *names, size_t size)
{
    unsigned int nr, i;
    char **list = xenbus_directory(XBT_NIL, path, "", &nr);
    size_t used = 0;

    if (IS_ERR(list))
        return PTR_ERR(list);
    for (i = 0; i < nr; i++) {
        size_t length = strlen(list[i]) + 1;

        if (length > size - used) {
            kfree(list);
            return -E2BIG;
        }
        memcpy(names + used, list[i], length);
        used += length;
    }
    kfree(list);
    return nr;
}

int os_store_begin(uint32_t *transaction_out)
{
    struct xenbus_transaction transaction;
    int rc = xenbus_transaction_start(&transaction);

    if (!rc)
        *transaction_out = transaction.id;
    return rc;
}

int os_store_end(uint32_t transaction, bool abort)
{
    return xenbus_transaction_end(in(transaction), abort);
}

/* ---- Watches ---------------------------------------------------------- */

struct watch {
    struct xenbus_watch watch;
    struct os_watch *os; /* NULL: not any more */
    struct work_struct end;
    char path[];
};

struct watch_event {
    struct list_head link;
    struct watch *watch;
    char path[];
};

static DEFINE_SPINLOCK(lock);
static LIST_HEAD(events); /* under lock */

static struct watch_event *next_event(void)
{
    struct watch_event *event;

    spin_lock(&lock);
    event = list_first_entry_or_null(&events, struct watch_event, link);
    if (event)
        list_del(&event->link);
    spin_unlock(&lock);
    return event;
}

static void call_watches(struct work_struct *work)
{
    struct watch_event *event;

    while ((event = next_event())) {
        port_enter();
        if (event->watch->os)
            event->watch->os->fn(event->watch->os->arg, event->path);
        port_leave();
        kfree(event);
    }
}

static DECLARE_WORK(watches_work, call_watches);

static void on_watch(struct xenbus_watch *watch, const char *path,
                     const char *token)
{
    size_t size = strlen(path) + 1;
    struct watch_event *event =
        kmalloc(sizeof(*event) + size, GFP_NOIO | __GFP_NOFAIL);

    event->watch = container_of(watch, struct watch, watch);
    memcpy(event->path, path, size);
    spin_lock(&lock);
    list_add_tail(&event->link, &events);
    spin_unlock(&lock);
    port_queue_work(&watches_work);
}

/* Not in the context: this waits for Linux's thread. Afterwards no event comes
 * any more, and none is being called, since work is done one by one. */
static void end_watch(struct work_struct *work)
{
    struct watch *watch = container_of(work, struct watch, end);
    struct watch_event *event, *next;

    unregister_xenbus_watch(&watch->watch);
    spin_lock(&lock);
    list_for_each_entry_safe(event, next, &events, link) {
        /* The list's macro, which is Linux's, sets it. */
        /* cppcheck-suppress uninitvar */
        if (event->watch != watch)
            continue;
        list_del(&event->link);
        kfree(event);
    }
    spin_unlock(&lock);
    kfree(watch);
}

int os_store_watch(struct os_watch *os)
{
    size_t size = strlen(os->path) + 1;
    struct watch *watch = kzalloc(sizeof(*watch) + size, GFP_NOIO);
    int rc;

    if (!watch)
        return -ENOMEM;
    memcpy(watch->path, os->path, size);
    watch->os = os;
    watch->watch.node = watch->path;
    watch->watch.callback = on_watch;
    INIT_WORK(&watch->end, end_watch);
    rc = register_xenbus_watch(&watch->watch);
    if (rc) {
        kfree(watch);
        return rc;
    }
    os->port = watch;
    return 0;
}

void os_store_unwatch(struct os_watch *os)
{
    struct watch *watch = os->port;

    watch->os = NULL;
    port_queue_work(&watch->end);
}
