/* SPDX-License-Identifier: MIT */
/*
 * The store's client over a shared page, against a store of a few nodes that
 * takes and gives bytes in pieces of any size.
 */
#include "pv/store_ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define PORT 3

static struct xenstore_domain_interface page;
static unsigned int nr_sent, nr_waits;
static bool no_memory;

/* ---- The store's side ------------------------------------------------- */

static uint8_t in[8192], out[65536];
static size_t in_size, out_size, out_done;
static char node_path[8][4096], node_value[8][4096];
static char watch_path[8][4096], watch_token[8][32];
static uint32_t last_type;
static bool answer_nonsense;

static void put(uint32_t type, uint32_t id, const void *data, size_t size)
{
    struct xsd_sockmsg msg = {
        .type = type, .req_id = id, .len = (uint32_t)size};

    memcpy(out + out_size, &msg, sizeof(msg));
    memcpy(out + out_size + sizeof(msg), data, size);
    out_size += sizeof(msg) + size;
}

static void put_error(uint32_t id, const char *name)
{
    put(XS_ERROR, id, name, strlen(name) + 1);
}

static int node_find(const char *path)
{
    for (int i = 0; i < 8; i++)
        if (!strcmp(node_path[i], path))
            return i;
    return -1;
}

static void fire(int watch, const char *path)
{
    char event[4200];
    size_t size = strlen(path) + 1;

    memcpy(event, path, size);
    memcpy(event + size, watch_token[watch], strlen(watch_token[watch]) + 1);
    put(XS_WATCH_EVENT, 0, event, size + strlen(watch_token[watch]) + 1);
}

static void node_write(uint32_t id, const char *path, const char *value,
                       size_t size)
{
    int i = node_find(path);

    if (i < 0)
        i = node_find("");
    strcpy(node_path[i], path);
    memcpy(node_value[i], value, size);
    node_value[i][size] = '\0';
    /* Events may come before the answer. */
    for (int w = 0; w < 8; w++)
        if (!strcmp(watch_path[w], path))
            fire(w, path);
    put(XS_WRITE, id, "OK", 3);
}

static void watch_change(uint32_t type, uint32_t id, const char *path)
{
    const char *token = path + strlen(path) + 1;

    for (int w = 0; w < 8; w++) {
        if (strcmp(watch_path[w], type == XS_WATCH ? "" : path) ||
            (type == XS_UNWATCH && strcmp(watch_token[w], token)))
            continue;
        strcpy(watch_path[w], type == XS_WATCH ? path : "");
        snprintf(watch_token[w], sizeof(watch_token[w]), "%s", token);
        put(type, id, "OK", 3);
        if (type == XS_WATCH)
            fire(w, path);
        return;
    }
    put_error(id, "ENOENT");
}

static void serve(const struct xsd_sockmsg *msg, const char *data)
{
    int node = node_find(data);

    last_type = msg->type;
    if (answer_nonsense) {
        struct xsd_sockmsg wrong = {.type = XS_READ, .len = 5000};

        memcpy(out + out_size, &wrong, sizeof(wrong));
        out_size += sizeof(wrong);
    } else if (msg->type == XS_WRITE) {
        node_write(msg->req_id, data, data + strlen(data) + 1,
                   msg->len - strlen(data) - 1);
    } else if (msg->type == XS_WATCH || msg->type == XS_UNWATCH) {
        watch_change(msg->type, msg->req_id, data);
    } else if (msg->type == XS_TRANSACTION_START) {
        put(msg->type, msg->req_id, "17", 3);
    } else if (msg->type == XS_TRANSACTION_END) {
        if (msg->tx_id == 17 && *data == 'T')
            put_error(msg->req_id, "EAGAIN");
        else
            put(msg->type, msg->req_id, "OK", 3);
    } else if (node < 0) {
        put_error(msg->req_id, "ENOENT");
    } else if (msg->type == XS_READ) {
        put(msg->type, msg->req_id, node_value[node], strlen(node_value[node]));
    } else if (msg->type == XS_DIRECTORY) {
        put(msg->type, msg->req_id, "one\0two\0three", 14);
    } else {
        node_path[node][0] = '\0';
        put(msg->type, msg->req_id, "OK", 3);
    }
}

static void serve_all(void)
{
    struct xsd_sockmsg msg;
    char data[XENSTORE_PAYLOAD_MAX + 1];

    while (in_size >= sizeof(msg)) {
        memcpy(&msg, in, sizeof(msg));
        if (in_size < sizeof(msg) + msg.len)
            return;
        memcpy(data, in + sizeof(msg), msg.len);
        data[msg.len] = '\0';
        in_size -= sizeof(msg) + msg.len;
        memmove(in, in + sizeof(msg) + msg.len, in_size);
        serve(&msg, data);
    }
}

/* Move some bytes each way. */
static void run_store(void)
{
    for (int n = 1 + rand() % 300; n && page.req_cons != page.req_prod; n--)
        in[in_size++] = (uint8_t)page.req[MASK_XENSTORE_IDX(page.req_cons++)];
    serve_all();
    for (int n = 1 + rand() % 300;
         n && out_done < out_size && page.rsp_prod - page.rsp_cons < 1024; n--)
        page.rsp[MASK_XENSTORE_IDX(page.rsp_prod++)] = (char)out[out_done++];
    if (out_done == out_size)
        out_done = out_size = 0;
}

/* ---- The port --------------------------------------------------------- */

void store_ring_wait(evtchn_port_t port)
{
    assert_int_equal(port, PORT);
    assert_true(++nr_waits < 100000);
    run_store();
}

void os_event_send(evtchn_port_t port)
{
    assert_int_equal(port, PORT);
    nr_sent++;
}

void *os_alloc(size_t size)
{
    return no_memory ? NULL : calloc(1, size);
}

void os_free(void *memory, size_t size)
{
    (void)size;
    free(memory);
}

/* ---- Tests ------------------------------------------------------------ */

static int setup(void **state)
{
    (void)state;
    memset(&page, 0, sizeof(page));
    memset(node_path, 0, sizeof(node_path));
    memset(watch_path, 0, sizeof(watch_path));
    in_size = out_size = out_done = 0;
    no_memory = answer_nonsense = false;
    nr_waits = 0;
    /* Indexes run over the end of 32 bits, too. */
    page.req_prod = page.req_cons = UINT32_MAX - 700;
    page.rsp_prod = page.rsp_cons = UINT32_MAX - 300;
    store_ring_open(&page, PORT);
    return 0;
}

static void reads_what_was_written(void **state)
{
    char value[64];

    (void)state;
    assert_int_equal(os_store_write(0, "a/b", "hello"), 0);
    assert_int_equal(os_store_read(0, "a/b", value, sizeof(value)), 0);
    assert_string_equal(value, "hello");
    assert_int_equal(os_store_read(0, "a/b", value, 5), -XEN_E2BIG);
    assert_int_equal(os_store_remove(0, "a/b"), 0);
    assert_int_equal(os_store_read(0, "a/b", value, sizeof(value)),
                     -XEN_ENOENT);
    assert_int_equal(os_store_remove(0, "a/b"), -XEN_ENOENT);
}

/* Longer than the ring, in pieces. */
static void long_values_pass(void **state)
{
    static char value[4000], back[4096];

    (void)state;
    for (int i = 0; i < 100; i++) {
        size_t size = (size_t)(rand() % 3990);

        memset(value, 0, sizeof(value));
        memset(value, 'a' + i % 26, size);
        assert_int_equal(os_store_write(0, "long", value), 0);
        assert_int_equal(os_store_read(0, "long", back, sizeof(back)), 0);
        assert_string_equal(back, value);
    }
}

static void too_long_is_not_sent(void **state)
{
    static char value[4200];

    (void)state;
    memset(value, 'x', 4150);
    assert_int_equal(os_store_write(0, "long", value), -XEN_E2BIG);
    assert_int_equal(page.req_prod, UINT32_MAX - 700);
}

static void children_are_listed(void **state)
{
    char names[32];

    (void)state;
    os_store_write(0, "dir", "");
    assert_int_equal(os_store_list("dir", names, sizeof(names)), 3);
    assert_memory_equal(names, "one\0two\0three", 14);
    assert_int_equal(os_store_list("dir", names, 5), -XEN_E2BIG);
    assert_int_equal(os_store_list("none", names, 5), -XEN_ENOENT);
}

static void transaction_may_have_to_be_tried_again(void **state)
{
    uint32_t transaction;

    (void)state;
    assert_int_equal(os_store_begin(&transaction), 0);
    assert_int_equal(transaction, 17);
    assert_int_equal(os_store_end(transaction, false), -XEN_EAGAIN);
    assert_int_equal(os_store_end(transaction, true), 0);
}

static unsigned int nr_called;
static char called_with[64];

static void count(void *arg, const char *path)
{
    assert_ptr_equal(arg, &nr_called);
    nr_called++;
    snprintf(called_with, sizeof(called_with), "%s", path);
}

static struct os_watch watch = {.path = "w", .fn = count, .arg = &nr_called};

static void dispatch_all(void)
{
    for (int i = 0; i < 50; i++) {
        run_store();
        store_ring_dispatch();
    }
}

static void watch_is_called(void **state)
{
    (void)state;
    nr_called = 0;
    assert_int_equal(os_store_watch(&watch), 0);
    dispatch_all();
    assert_int_equal(nr_called, 1);
    os_store_write(0, "w", "1");
    os_store_write(0, "other", "1");
    assert_int_equal(nr_called, 1); /* not from within a call */
    dispatch_all();
    assert_int_equal(nr_called, 2);
    assert_string_equal(called_with, "w");
    os_store_write(0, "w", "2");
    os_store_unwatch(&watch);
    dispatch_all();
    assert_int_equal(nr_called, 2);
}

static void watch_is_called_without_memory(void **state)
{
    (void)state;
    nr_called = 0;
    assert_int_equal(os_store_watch(&watch), 0);
    no_memory = true;
    for (int i = 0; i < 100; i++)
        os_store_write(0, "w", "1");
    assert_int_equal(nr_called, 0);
    dispatch_all();
    assert_in_range(nr_called, 1, 3);
    os_store_unwatch(&watch);
}

static void watches_are_set_again_after_restore(void **state)
{
    (void)state;
    assert_int_equal(os_store_watch(&watch), 0);
    dispatch_all();
    memset(watch_path, 0, sizeof(watch_path));
    memset(&page, 0, sizeof(page));
    in_size = out_size = out_done = 0;
    nr_called = 0;
    store_ring_open(&page, PORT);
    dispatch_all();
    assert_int_equal(nr_called, 1);
    os_store_unwatch(&watch);
}

static void nonsense_ends_the_connection(void **state)
{
    char value[8];

    (void)state;
    answer_nonsense = true;
    assert_int_equal(os_store_read(0, "a", value, sizeof(value)), -XEN_EIO);
    assert_int_equal(os_store_read(0, "a", value, sizeof(value)), -XEN_EIO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(reads_what_was_written, setup),
        cmocka_unit_test_setup(long_values_pass, setup),
        cmocka_unit_test_setup(too_long_is_not_sent, setup),
        cmocka_unit_test_setup(children_are_listed, setup),
        cmocka_unit_test_setup(transaction_may_have_to_be_tried_again, setup),
        cmocka_unit_test_setup(watch_is_called, setup),
        cmocka_unit_test_setup(watch_is_called_without_memory, setup),
        cmocka_unit_test_setup(watches_are_set_again_after_restore, setup),
        cmocka_unit_test_setup(nonsense_ends_the_connection, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
