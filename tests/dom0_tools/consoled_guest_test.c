/* SPDX-License-Identifier: MIT */
/* One guest of the console daemon: its ring, who views it, what a daemon that
 * was killed leaves to the next. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "consoled/client.h"
#include "consoled/protocol.h"
#include "consoled/pty.h"
#include "consoled_setup.h"

#define OUT(g, text)                                                           \
    do {                                                                       \
        fake_output(text, strlen(text));                                       \
        guest_event(g);                                                        \
    } while (0)

static void rounds(int nr)
{
    while (nr--)
        poller_round(0);
}

/* A terminal's bytes come a little later. */
static void rounds_of_terminal(void)
{
    int i;

    for (i = 0; i < 4; i++)
        poller_round(50);
}

static void expect_history(const struct guest *g, const char *want)
{
    uint64_t pos = 0;
    const char *data;
    size_t len = history_at(&g->history, &pos, &data);

    assert_int_equal(len, strlen(want));
    assert_memory_equal(data, want, len);
}

/* A client of a socket of the daemon. */

static int socket_connect(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

    snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/%.30s",
             fake_folder, name);
    assert_int_equal(connect(fd, (void *)&address, sizeof(address)), 0);
    return fd;
}

static int client_connect(const char *line)
{
    int fd = socket_connect(CONSOLED_SOCKET);

    assert_int_equal(write(fd, line, strlen(line)), strlen(line));
    rounds(4);
    return fd;
}

/* What it is sent; "" where the daemon has closed, NULL where nothing is. */
static const char *client_reads(int fd)
{
    static char text[8192];
    ssize_t n = read(fd, text, sizeof(text) - 1);

    if (n < 0)
        return NULL;
    text[n] = 0;
    return text;
}

static void expect_ok(int fd, const struct guest *g, uint64_t pos)
{
    char want[CONSOLED_LINE_SIZE], got[CONSOLED_LINE_SIZE] = "";
    size_t used = 0;

    snprintf(want, sizeof(want), "ok %s %llu\n", g->history.file,
             (unsigned long long)pos);
    while (used < sizeof(got) - 1 && read(fd, got + used, 1) == 1 &&
           got[used++] != '\n')
        ;
    assert_string_equal(got, want);
}

static int listening_setup(void **state)
{
    return consoled_setup(state) || client_listen(&fake_consoled);
}

static void output_goes_to_the_history(void **state)
{
    struct guest *g = fake_guest(1, "one");

    (void)state;
    OUT(g, "hello ");
    OUT(g, "world");
    expect_history(g, "hello world");
    assert_int_equal(fake_page.out_cons, 11);
    assert_int_equal(fake_notified, 2);
    assert_int_equal(fake_unmasked, 2);
}

/* Killed after the history has the bytes, before the guest has its room. */
static void nothing_is_doubled_after_a_kill(void **state)
{
    struct guest *g = fake_guest(1, "one");

    (void)state;
    OUT(g, "taken ");
    fake_output("again ", 6);
    history_append(&g->history, "again ", 6);
    /* The new one maps the same file and page; this one just stops. */
    history_close(&g->history);
    fake_output("new", 3);
    assert_int_equal(fake_page.out_cons, 6);
    fake_consoled.guests = NULL;
    pty_close(g);
    log_file_close(&g->log);
    free(g);
    g = fake_guest(1, "one");
    expect_history(g, "taken again new");
    assert_int_equal(fake_page.out_cons, 15);
}

/* Its port is not free yet, say: the history goes on when it is. */
static void a_guest_that_cant_be_served_keeps_its_history(void **state)
{
    struct guest *g = fake_guest(1, "one");
    struct history_info info;
    struct history_owner owner = {.domid = 1};
    char file[HISTORY_FILE_SIZE];

    (void)state;
    OUT(g, "before");
    strcpy(file, g->history.file);
    strcpy(owner.uuid, g->history.head->uuid);
    strcpy(owner.boot, fake_consoled.boot);
    /* The daemon ends, and its successor fails at first. */
    history_close(&g->history);
    fake_consoled.guests = NULL;
    pty_close(g);
    log_file_close(&g->log);
    free(g);
    assert_int_equal(guest_begin(&fake_consoled, &owner, 0, 77, &g), -EINVAL);
    assert_null(fake_consoled.guests);
    assert_int_equal(history_info_read(fake_consoled.history_dir, file, &info),
                     0);
    assert_false(info.head.ended);
    g = fake_guest(1, "one");
    expect_history(g, "before");
}

static void a_broken_page_is_let_alone(void **state)
{
    struct guest *g = fake_guest(1, "one");

    (void)state;
    OUT(g, "good");
    fake_page.out_prod += 5000;
    guest_event(g);
    guest_event(g);
    expect_history(g, "good");
    assert_true(g->is_broken);
    fake_page.out_prod -= 5000;
    OUT(g, " again");
    expect_history(g, "good again");
}

static void clients_see_what_nobody_has_seen(void **state)
{
    struct guest *g = fake_guest(1, "one");
    int first, second;

    (void)state;
    OUT(g, "early ");
    first = client_connect("attach 1 - -\n");
    expect_ok(first, g, 0);
    assert_string_equal(client_reads(first), "early ");
    OUT(g, "both");
    second = client_connect("attach 1 - -\n");
    expect_ok(second, g, 10);
    OUT(g, "!");
    assert_string_equal(client_reads(first), "both!");
    assert_string_equal(client_reads(second), "!");
    close(first);
    close(second);
    rounds(2);
    assert_null(g->clients);
}

static void a_client_goes_on_where_it_was(void **state)
{
    struct guest *g = fake_guest(1, "one");
    char line[CONSOLED_LINE_SIZE];
    int fd;

    (void)state;
    OUT(g, "0123456789");
    snprintf(line, sizeof(line), "attach 1 %s 4\n", g->history.file);
    fd = client_connect(line);
    expect_ok(fd, g, 4);
    assert_string_equal(client_reads(fd), "456789");
    close(fd);
    fd = client_connect("attach 1 of-another-guest 4\n");
    expect_ok(fd, g, 10);
    close(fd);
}

static void a_client_may_come_before_its_guest(void **state)
{
    int fd = client_connect("attach 7 - -\n");
    struct guest *g;

    (void)state;
    assert_null(client_reads(fd));
    g = fake_guest(7, "late");
    clients_attach(g);
    expect_ok(fd, g, 0);
    OUT(g, "here");
    assert_string_equal(client_reads(fd), "here");
    close(fd);
}

static void typed_text_comes_to_the_guest(void **state)
{
    struct guest *g = fake_guest(1, "one");
    int fd = client_connect("attach 1 - -\nls\n");
    char text[16] = "";

    (void)state;
    expect_ok(fd, g, 0);
    assert_int_equal(fake_input(text, sizeof(text)), 3);
    assert_string_equal(text, "ls\n");
    assert_int_equal(fake_notified, 1);
    close(fd);
}

/* A guest that does not read what is typed holds up nobody but the typist. */
static void typed_text_waits_for_room(void **state)
{
    struct guest *g = fake_guest(1, "one");
    int fd = client_connect("attach 1 - -\n");
    char text[RING_IN_SIZE * 2], got[RING_IN_SIZE * 2];
    size_t len;

    (void)state;
    memset(text, 'k', sizeof(text));
    assert_int_equal(write(fd, text, sizeof(text)), sizeof(text));
    rounds(8);
    assert_int_equal(fake_page.in_prod, RING_IN_SIZE);
    len = fake_input(got, sizeof(got));
    guest_event(g);
    rounds(8);
    len += fake_input(got + len, sizeof(got) - len);
    assert_int_equal(len, sizeof(text));
    close(fd);
}

static void a_client_has_all_before_it_is_let_go(void **state)
{
    struct guest *g = fake_guest(1, "one");
    int fd = client_connect("attach 1 - -\n");

    (void)state;
    expect_ok(fd, g, 0);
    fake_output("last words", 10);
    guest_end(g, HISTORY_DESTROYED);
    assert_string_equal(client_reads(fd), "last words");
    assert_string_equal(client_reads(fd), "");
    close(fd);
}

static void a_slow_client_outlives_its_guest(void **state)
{
    struct guest *g = fake_guest(1, "one");
    int fd = client_connect("attach 1 - -\n"), size = 1, i;
    char text[HISTORY_CHUNK];
    size_t got = 0;
    ssize_t n;

    (void)state;
    expect_ok(fd, g, 0);
    setsockopt(g->clients->poller.fd, SOL_SOCKET, SO_SNDBUF, &size,
               sizeof(size));
    memset(text, 'x', sizeof(text));
    for (i = 0; i < 6; i++) {
        fake_output(text, sizeof(text));
        guest_event(g);
    }
    guest_end(g, HISTORY_DESTROYED);
    for (i = 0; i < 100; i++) {
        while ((n = read(fd, text, sizeof(text))) > 0)
            got += (size_t)n;
        if (n == 0)
            break;
        rounds(1);
    }
    assert_int_equal(got, 6 * HISTORY_CHUNK);
    close(fd);
}

static void wrong_requests_are_refused(void **state)
{
    static const char *const lines[] = {"hello\n",
                                        "attach\n",
                                        "attach x - -\n",
                                        "attach 1\n",
                                        "attach 1 - - more\n",
                                        "attach 1 - x\n",
                                        "attach 1/ - -\n",
                                        "attach 1/2/3 - -\n"};
    char longest[CONSOLED_LINE_SIZE * 2];
    size_t i;
    int fd;

    (void)state;
    fake_guest(1, "one");
    for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        fd = client_connect(lines[i]);
        assert_string_equal(client_reads(fd), "error 22 no such request\n");
        assert_string_equal(client_reads(fd), "");
        close(fd);
    }
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = 0;
    fd = client_connect(longest);
    assert_true(read(fd, longest, 1) <= 0);
    close(fd);
}

static void a_flood_is_not_listened_to(void **state)
{
    struct guest *g = fake_guest(1, "one");
    char text[HISTORY_CHUNK];
    unsigned int i;

    (void)state;
    memset(text, 'f', sizeof(text));
    g->d->options.rate = 64 << 10;
    budget_init(&g->budget, g->d->options.rate, fake_clock_ms);
    for (i = 0; i < 100 && !g->is_throttled; i++) {
        fake_output(text, sizeof(text));
        guest_event(g);
    }
    assert_in_range(history_end(&g->history), 14 << 10, 17 << 10);
    assert_int_equal(fake_unmasked, i - 1);
    guests_unthrottle(g->d);
    assert_true(g->is_throttled);
    fake_clock_ms += 100;
    guests_unthrottle(g->d);
    assert_false(g->is_throttled);
    assert_int_equal(fake_unmasked, i);
    assert_null(g->d->throttled);
}

static void a_guest_that_ends_while_throttled_is_forgotten(void **state)
{
    struct guest *g = fake_guest(1, "one"), *other;

    (void)state;
    g->budget.left = -1000000;
    guest_event(g);
    other = fake_guest(2, "two");
    other->budget.left = -1000000;
    guest_event(other);
    guest_end(g, HISTORY_DESTROYED);
    assert_ptr_equal(fake_consoled.throttled, other);
    assert_ptr_equal(fake_consoled.guests, other);
    assert_null(other->next_throttled);
}

static void unseen_output_is_kept_where_asked(void **state)
{
    struct guest *g = fake_guest(1, "one");
    char text[HISTORY_CHUNK];
    unsigned int i, room = HISTORY_MIN_SIZE - HISTORY_CHUNK;
    size_t got = 0;
    int fd;
    ssize_t n;

    (void)state;
    g->d->options.keep = true;
    memset(text, 'k', sizeof(text));
    for (i = 0; i < 12; i++) {
        if (fake_page.out_prod == fake_page.out_cons)
            fake_output(text, sizeof(text));
        guest_event(g);
    }
    assert_true(g->is_held);
    assert_int_equal(history_end(&g->history), room);
    assert_int_equal(fake_page.out_prod - fake_page.out_cons, 2048);
    fd = client_connect("attach 1 - -\n");
    expect_ok(fd, g, 0);
    for (i = 0; i < 20; i++) {
        rounds(1);
        while ((n = read(fd, text, sizeof(text))) > 0)
            got += (size_t)n;
    }
    assert_int_equal(got, room + 2048);
    assert_false(g->is_held);
    close(fd);
}

/* The terminal holds nothing back: what is written waits in the history. */
static void the_terminal_has_it_once_it_is_open(void **state)
{
    struct guest *g = fake_guest(1, "one");
    char path[PTY_PATH_SIZE], text[64] = "";
    int fd;

    (void)state;
    pty_path(g, path);
    OUT(g, "before\n");
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    assert_true(fd >= 0);
    rounds_of_terminal();
    OUT(g, "after\n");
    rounds_of_terminal();
    assert_int_equal(read(fd, text, sizeof(text)), 13);
    assert_string_equal(text, "before\nafter\n");
    assert_int_equal(write(fd, "\003x", 2), 2);
    rounds_of_terminal();
    assert_int_equal(fake_input(text, sizeof(text)), 2);
    close(fd);
    rounds_of_terminal();
    OUT(g, "unseen\n");
    memset(text, 0, sizeof(text));
    fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    rounds_of_terminal();
    assert_int_equal(read(fd, text, sizeof(text)), 7);
    assert_string_equal(text, "unseen\n");
    guest_end(g, HISTORY_DESTROYED);
    assert_true(read(fd, text, sizeof(text)) <= 0);
    close(fd);
}

static void the_reason_of_the_end_is_noted(void **state)
{
    struct guest *g = fake_guest(1, "one");
    struct history_info info;
    char file[HISTORY_FILE_SIZE];

    (void)state;
    strcpy(file, g->history.file);
    guest_over(g, 3);
    guest_end(g, HISTORY_DESTROYED);
    assert_int_equal(history_info_read(fake_consoled.history_dir, file, &info),
                     0);
    assert_int_equal(info.head.reason, 3);
    assert_true(info.head.ended);
}

/* Further consoles. */

static void typed_text_waits_for_a_ring(void **state)
{
    struct guest *g = fake_channel(1, 2, false);
    int fd = client_connect("attach 1/2 - -\nquery");
    char text[16] = "";

    (void)state;
    fake_guest(1, "one");
    expect_ok(fd, g, 0);
    rounds(2);
    assert_int_equal(fake_page.in_prod, 0);
    assert_int_equal(guest_connect(g, 3, 9, false), 0);
    rounds(2);
    assert_int_equal(fake_input(text, sizeof(text)), 5);
    assert_string_equal(text, "query");
    OUT(g, "answer");
    assert_string_equal(client_reads(fd), "answer");
    close(fd);
}

/* The driver of the guest goes, and comes again with another page. */
static void a_ring_may_be_another_one(void **state)
{
    struct guest *g = fake_channel(1, 2, false);
    int fd = client_connect("attach 1/2 - -\n");

    (void)state;
    expect_ok(fd, g, 0);
    assert_int_equal(guest_connect(g, 3, 9, false), 0);
    fake_output("first ", 6);
    guest_disconnect(g);
    memset(&fake_page, 0, sizeof(fake_page));
    fake_output("early ", 6);
    assert_int_equal(guest_connect(g, 3, 9, false), 0);
    OUT(g, "second");
    assert_string_equal(client_reads(fd), "first early second");
    assert_int_equal(guest_connect(g, 0, 9, false), -EINVAL);
    close(fd);
}

/* Neither a log nor a history is left of what passed there. */
static void a_channel_leaves_nothing(void **state)
{
    struct guest *g = fake_channel(1, 2, false);
    char file[HISTORY_FILE_SIZE];

    (void)state;
    strcpy(file, g->history.file);
    assert_non_null(strstr(file, "-2"));
    assert_int_equal(guest_connect(g, 3, 9, false), 0);
    OUT(g, "secret");
    assert_int_equal(g->log.fd, -1);
    assert_int_equal(faccessat(fake_consoled.history_dir, file, F_OK, 0), 0);
    guest_end(g, HISTORY_DESTROYED);
    assert_int_equal(faccessat(fake_consoled.history_dir, file, F_OK, 0), -1);
}

static void a_socket_serves_one_at_a_time(void **state)
{
    struct guest *g = fake_channel(1, 1, true);
    int first = socket_connect("channel-1-1"), second;
    char text[16] = "";

    (void)state;
    rounds(2);
    second = socket_connect("channel-1-1");
    assert_int_equal(guest_connect(g, 3, 9, false), 0);
    OUT(g, "one");
    assert_int_equal(write(second, "later", 5), 5);
    rounds(2);
    assert_string_equal(client_reads(first), "one");
    assert_null(client_reads(second));
    assert_int_equal(fake_input(text, sizeof(text)), 0);
    close(first);
    rounds(4);
    assert_int_equal(fake_input(text, sizeof(text)), 5);
    assert_string_equal(text, "later");
    OUT(g, "two");
    assert_string_equal(client_reads(second), "two");
    guest_end(g, HISTORY_DESTROYED);
    assert_string_equal(client_reads(second), "");
    assert_int_equal(
        faccessat(fake_consoled.history_dir, "channel-1-1", F_OK, 0), -1);
    close(second);
}

static void a_socket_is_no_console_for_people(void **state)
{
    int fd;

    (void)state;
    fake_channel(1, 1, true);
    fd = client_connect("attach 1/1 - -\n");
    assert_string_equal(client_reads(fd),
                        "error 16 it is served at its socket\n");
    close(fd);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, listening_setup, consoled_teardown)

static size_t nr_histories(void)
{
    struct history_info *list;
    size_t nr;

    assert_int_equal(history_list(fake_consoled.history_dir, &list, &nr), 0);
    free(list);
    return nr;
}

/* Files are looked at when there are too many, not with each guest: those of
 * before the boot, which nobody has counted here, stay until then. */
static void histories_are_pruned_when_too_many_have_ended(void **state)
{
    struct consoled *d = &fake_consoled;
    unsigned int domid;

    (void)state;
    d->options.history_files = 16;
    for (domid = 1; domid <= 20; domid++)
        guest_end(fake_guest(domid, "gus"), HISTORY_DESTROYED);
    assert_int_equal(d->nr_ended, 17);
    assert_int_equal(nr_histories(), 17);
    d->nr_ended = 0;
    for (; domid <= 37; domid++)
        guest_end(fake_guest(domid, "gus"), HISTORY_DESTROYED);
    assert_int_equal(nr_histories(), 34);
    assert_non_null(fake_guest(domid, "gus"));
    assert_int_equal(d->nr_ended, 14);
    assert_int_equal(nr_histories(), 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(histories_are_pruned_when_too_many_have_ended),
        TEST(output_goes_to_the_history),
        TEST(nothing_is_doubled_after_a_kill),
        TEST(a_guest_that_cant_be_served_keeps_its_history),
        TEST(a_broken_page_is_let_alone),
        TEST(clients_see_what_nobody_has_seen),
        TEST(a_client_goes_on_where_it_was),
        TEST(a_client_may_come_before_its_guest),
        TEST(typed_text_comes_to_the_guest),
        TEST(typed_text_waits_for_room),
        TEST(a_client_has_all_before_it_is_let_go),
        TEST(a_slow_client_outlives_its_guest),
        TEST(wrong_requests_are_refused),
        TEST(a_flood_is_not_listened_to),
        TEST(typed_text_waits_for_a_ring),
        TEST(a_ring_may_be_another_one),
        TEST(a_channel_leaves_nothing),
        TEST(a_socket_serves_one_at_a_time),
        TEST(a_socket_is_no_console_for_people),
        TEST(a_guest_that_ends_while_throttled_is_forgotten),
        TEST(unseen_output_is_kept_where_asked),
        TEST(the_terminal_has_it_once_it_is_open),
        TEST(the_reason_of_the_end_is_noted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
