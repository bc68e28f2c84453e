/* SPDX-License-Identifier: MIT */
/*
 * A client of the store over a shared page; see store_ring.h.
 *
 * Source: public/io/xs_wire.h, xenstore-ring.txt.
 */
#include "pv/store_ring.h"

#include "pv/text.h"

#define MAX_EVENTS 64U

/* An event of a watch that is yet to be told: path, NUL, token, NUL. */
struct event {
    struct event *next;
    size_t size;
    char text[];
};

static struct xenstore_domain_interface *ring;
static evtchn_port_t ring_port;
static uint32_t last_id;
static bool broken; /* the other side sends what is no message */

static struct event *events, **events_end = &events;
static unsigned int nr_events;
static bool events_lost;
static bool dispatching;
static struct os_watch *watches; /* linked by their `port` */
static bool unwatched;           /* since call_all() looked */

/* The last answer, with NUL behind it. */
static char answer[XENSTORE_PAYLOAD_MAX + 1];

/* ---- Bytes ------------------------------------------------------------ */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static void send_bytes(const void *from, size_t size)
{
    const char *at = from;

    while (size) {
        uint32_t prod = ring->req_prod;
        uint32_t cons = __atomic_load_n(&ring->req_cons, __ATOMIC_ACQUIRE);
        uint32_t pos = MASK_XENSTORE_IDX(prod);
        size_t room = XENSTORE_RING_SIZE - (prod - cons);
        size_t part = least(least(room, size), XENSTORE_RING_SIZE - pos);

        if (!room) {
            store_ring_wait(ring_port);
            continue;
        }
        memcpy(ring->req + pos, at, part);
        __atomic_store_n(&ring->req_prod, prod + (uint32_t)part,
                         __ATOMIC_RELEASE);
        os_event_send(ring_port);
        at += part;
        size -= part;
    }
}

static uint32_t bytes_there(void)
{
    return __atomic_load_n(&ring->rsp_prod, __ATOMIC_ACQUIRE) - ring->rsp_cons;
}

static void take_bytes(void *to, size_t size)
{
    char *at = to;

    while (size) {
        uint32_t cons = ring->rsp_cons, pos = MASK_XENSTORE_IDX(cons);
        size_t part =
            least(least(bytes_there(), size), XENSTORE_RING_SIZE - pos);

        if (!part) {
            store_ring_wait(ring_port);
            continue;
        }
        memcpy(at, ring->rsp + pos, part);
        __atomic_store_n(&ring->rsp_cons, cons + (uint32_t)part,
                         __ATOMIC_RELEASE);
        os_event_send(ring_port);
        at += part;
        size -= part;
    }
}

/* ---- Messages --------------------------------------------------------- */

static void keep_event(size_t size)
{
    struct event *e = NULL;

    if (nr_events < MAX_EVENTS)
        e = os_alloc(sizeof(*e) + size + 1);
    if (!e) {
        events_lost = true;
        return;
    }
    e->size = size;
    memcpy(e->text, answer, size + 1);
    *events_end = e;
    events_end = &e->next;
    nr_events++;
}

/* Take one message; an event is put aside. False: it makes no sense. */
static bool take_message(struct xsd_sockmsg *msg)
{
    take_bytes(msg, sizeof(*msg));
    if (msg->len > XENSTORE_PAYLOAD_MAX) {
        broken = true;
        return false;
    }
    take_bytes(answer, msg->len);
    answer[msg->len] = '\0';
    if (msg->type == XS_WATCH_EVENT)
        keep_event(msg->len);
    return true;
}

static int error_of(const char *name)
{
    static const struct {
        const char *name;
        int error;
    } errors[] = {
        {"ENOENT", XEN_ENOENT}, {"EAGAIN", XEN_EAGAIN}, {"EACCES", XEN_EACCES},
        {"EEXIST", XEN_EEXIST}, {"ENOSPC", XEN_ENOSPC}, {"ENOMEM", XEN_ENOMEM},
        {"E2BIG", XEN_E2BIG},   {"EBUSY", XEN_EBUSY},
    };

    for (size_t i = 0; i < OS_ARRAY_SIZE(errors); i++)
        if (!strcmp(name, errors[i].name))
            return -errors[i].error;
    return -XEN_EINVAL;
}

struct part {
    const void *data;
    size_t size;
};

/* Ask, and wait for the answer: its length, or an error. */
static int ask(uint32_t type, uint32_t transaction, const struct part parts[],
               unsigned int nr)
{
    struct xsd_sockmsg msg = {
        .type = type, .req_id = ++last_id, .tx_id = transaction};
    uint32_t id = msg.req_id;

    for (unsigned int i = 0; i < nr; i++)
        msg.len += (uint32_t)parts[i].size;
    if (msg.len > XENSTORE_PAYLOAD_MAX)
        return -XEN_E2BIG;
    if (broken)
        return -XEN_EIO;
    send_bytes(&msg, sizeof(msg));
    for (unsigned int i = 0; i < nr; i++)
        send_bytes(parts[i].data, parts[i].size);
    do
        if (!take_message(&msg))
            return -XEN_EIO;
    while (msg.type == XS_WATCH_EVENT || msg.req_id != id);
    return msg.type == XS_ERROR ? error_of(answer) : (int)msg.len;
}

static struct part text_part(const char *text)
{
    return (struct part){text, strlen(text) + 1};
}

/* A question about a path whose answer says no more than that it worked. */
static int ask_path(uint32_t type, uint32_t transaction, const char *path)
{
    struct part part = text_part(path);
    int rc = ask(type, transaction, &part, 1);

    return rc < 0 ? rc : 0;
}

/* ---- os.h ------------------------------------------------------------- */

int os_store_read(uint32_t transaction, const char *path, char *value,
                  size_t size)
{
    int rc = ask_path(XS_READ, transaction, path);

    if (rc)
        return rc;
    if (strlen(answer) >= size)
        return -XEN_E2BIG;
    memcpy(value, answer, strlen(answer) + 1);
    return 0;
}

int os_store_write(uint32_t transaction, const char *path, const char *value)
{
    struct part parts[] = {text_part(path), {value, strlen(value)}};
    int rc = ask(XS_WRITE, transaction, parts, 2);

    return rc < 0 ? rc : 0;
}

int os_store_remove(uint32_t transaction, const char *path)
{
    return ask_path(XS_RM, transaction, path);
}

int os_store_list(const char *path, char *names, size_t size)
{
    struct part part = text_part(path);
    int length = ask(XS_DIRECTORY, OS_STORE_NONE, &part, 1), nr = 0;

    if (length < 0)
        return length;
    if ((size_t)length > size)
        return -XEN_E2BIG;
    memcpy(names, answer, (size_t)length);
    for (int i = 0; i < length; i++)
        nr += !answer[i];
    return nr;
}

int os_store_begin(uint32_t *transaction_out)
{
    uint64_t id;
    int rc = ask_path(XS_TRANSACTION_START, OS_STORE_NONE, "");

    if (!rc)
        rc = text_to_u64(answer, &id);
    if (!rc)
        *transaction_out = (uint32_t)id;
    return rc;
}

int os_store_end(uint32_t transaction, bool abort)
{
    return ask_path(XS_TRANSACTION_END, transaction, abort ? "F" : "T");
}

/* ---- Watches ---------------------------------------------------------- */

/* A watch's token is its address. */
static int ask_watch(uint32_t type, const struct os_watch *watch)
{
    char token[24];
    struct part parts[2];
    int rc;

    text_format(token, sizeof(token), "%lu", (uint64_t)(uintptr_t)watch);
    parts[0] = text_part(watch->path);
    parts[1] = text_part(token);
    rc = ask(type, OS_STORE_NONE, parts, 2);
    return rc < 0 ? rc : 0;
}

int os_store_watch(struct os_watch *watch)
{
    int rc = ask_watch(XS_WATCH, watch);

    if (rc)
        return rc;
    watch->port = watches;
    watches = watch;
    return 0;
}

void os_store_unwatch(struct os_watch *watch)
{
    struct os_watch *at = watches;

    unwatched = true;
    if (at == watch)
        watches = watch->port;
    while (at && at->port != watch)
        at = at->port;
    if (at)
        at->port = watch->port;
    ask_watch(XS_UNWATCH, watch);
}

/* One that was taken away meanwhile is not in the list. */
static struct os_watch *find_watch(const struct event *e)
{
    size_t path = strlen(e->text) + 1;
    uint64_t token;

    if (path >= e->size || text_to_u64(e->text + path, &token))
        return NULL;
    for (struct os_watch *w = watches; w; w = w->port)
        if ((uintptr_t)w == token)
            return w;
    return NULL;
}

/* From the start again when the next one may have been taken away: each time
 * there are fewer. */
static void call_all(void)
{
    struct os_watch *w = watches;

    while (w) {
        struct os_watch *next = w->port;

        unwatched = false;
        w->fn(w->arg, w->path);
        w = unwatched ? watches : next;
    }
}

static void call_one(struct event *e)
{
    struct os_watch *w = find_watch(e);

    if (w)
        w->fn(w->arg, e->text);
    os_free(e, sizeof(*e) + e->size + 1);
}

void store_ring_dispatch(void)
{
    struct xsd_sockmsg msg;

    if (dispatching)
        return;
    dispatching = true;
    while (!broken && bytes_there() >= sizeof(msg) && take_message(&msg))
        ;
    while (events) {
        struct event *e = events;

        events = e->next;
        if (!events)
            events_end = &events;
        nr_events--;
        call_one(e);
    }
    if (events_lost) {
        events_lost = false;
        call_all();
    }
    dispatching = false;
}

void store_ring_open(struct xenstore_domain_interface *page, evtchn_port_t port)
{
    ring = page;
    ring_port = port;
    broken = false;
    for (struct os_watch *w = watches; w; w = w->port)
        ask_watch(XS_WATCH, w);
}
