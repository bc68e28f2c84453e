/* SPDX-License-Identifier: MIT */
/* The console daemon's parts: rings, histories, logs, budgets, options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consoled/budget.h"
#include "consoled_setup.h"

/* Rings. */

static void ring_copies_around_its_end(void **state)
{
    struct ring r;
    char text[8] = "";

    (void)state;
    fake_page.out_cons = fake_page.out_prod = 0xfffffffe;
    ring_open(&r, &fake_page, NULL);
    fake_output("abcdef", 6);
    assert_int_equal(ring_out_waiting(&r), 6);
    ring_out_copy(&r, text, 6);
    assert_string_equal(text, "abcdef");
    assert_int_equal(fake_page.out_cons, 0xfffffffe);
    ring_out_release(&r, 6);
    assert_int_equal(fake_page.out_cons, 4);
    assert_int_equal(ring_out_waiting(&r), 0);
}

static void ring_refuses_an_impossible_index(void **state)
{
    static const uint32_t indices[] = {2049, 0x80000000, 0xffffffff};
    struct ring r;
    size_t i;

    (void)state;
    ring_open(&r, &fake_page, NULL);
    for (i = 0; i < 3; i++) {
        fake_page.out_prod = indices[i];
        assert_int_equal(ring_out_waiting(&r), -EBADMSG);
    }
    fake_page.out_prod = 2048;
    assert_int_equal(ring_out_waiting(&r), 2048);
}

static void ring_does_not_believe_its_own_index_in_the_page(void **state)
{
    struct ring r;

    (void)state;
    ring_open(&r, &fake_page, NULL);
    fake_output("xy", 2);
    fake_page.out_cons = 0x12345678;
    assert_int_equal(ring_out_waiting(&r), 2);
    ring_out_release(&r, 2);
    assert_int_equal(fake_page.out_cons, 2);
}

static void ring_takes_over_where_a_predecessor_was(void **state)
{
    uint32_t taken = 5;
    struct ring r;

    (void)state;
    fake_page.out_prod = 8;
    ring_open(&r, &fake_page, &taken);
    assert_int_equal(ring_out_waiting(&r), 3);
    assert_int_equal(fake_page.out_cons, 5);
    /* Another daemon has taken more since. */
    fake_page.out_cons = 7;
    ring_open(&r, &fake_page, &taken);
    assert_int_equal(ring_out_waiting(&r), 1);
    /* It can't have taken what was never written. */
    taken = 9;
    ring_open(&r, &fake_page, &taken);
    assert_int_equal(ring_out_waiting(&r), 1);
}

static void ring_takes_no_more_input_than_there_is_room(void **state)
{
    char text[RING_IN_SIZE];
    struct ring r;

    (void)state;
    memset(text, 'i', sizeof(text));
    ring_open(&r, &fake_page, NULL);
    assert_int_equal(ring_in_room(&r), RING_IN_SIZE);
    ring_in_put(&r, text, 1000);
    assert_int_equal(ring_in_room(&r), 24);
    assert_int_equal(fake_input(text, 10), 10);
    assert_int_equal(ring_in_room(&r), 34);
    ring_in_put(&r, "wrapped around the end of the ring", 34);
    assert_int_equal(ring_in_room(&r), 0);
    fake_page.in_cons = 0x7fffffff;
    assert_int_equal(ring_in_room(&r), 0);
}

/* Histories. */

static struct history_owner owner_make(unsigned int domid, const char *name)
{
    struct history_owner owner = {.domid = domid};

    strcpy(owner.uuid, "00000000-0000-0000-0000-000000000001");
    strcpy(owner.boot, fake_consoled.boot);
    strcpy(owner.name, name);
    return owner;
}

static struct history open_history(const struct history_owner *owner,
                                   bool expect_new)
{
    struct history h;
    bool is_new;

    assert_int_equal(history_open(fake_consoled.history_dir, owner,
                                  HISTORY_MIN_SIZE, &h, &is_new),
                     0);
    assert_int_equal(is_new, expect_new);
    return h;
}

static void append(struct history *h, const char *text)
{
    history_append(h, text, (uint32_t)strlen(text));
}

/* All that a reader gets from a position on. */
static char *text_of(const struct history *h, uint64_t pos)
{
    char *text;
    size_t len;

    assert_int_equal(
        history_text(fake_consoled.history_dir, h->file, &pos, &text, &len), 0);
    assert_int_equal(strlen(text), len);
    assert_int_equal(pos, history_end(h));
    return text;
}

static void expect_text(const struct history *h, uint64_t pos, const char *want)
{
    char *text = text_of(h, pos);

    assert_string_equal(text, want);
    free(text);
}

static void history_goes_on_after_a_daemon(void **state)
{
    struct history_owner owner = owner_make(3, "guest");
    struct history h = open_history(&owner, true);

    (void)state;
    append(&h, "before ");
    history_close(&h);
    h = open_history(&owner, false);
    append(&h, "after");
    expect_text(&h, 0, "before after");
    expect_text(&h, 7, "after");
    history_close(&h);
}

static void history_begins_anew_for_another_guest(void **state)
{
    struct history_owner owner = owner_make(3, "guest");
    struct history h = open_history(&owner, true);

    (void)state;
    append(&h, "old");
    h.head->ended = 1;
    history_close(&h);
    h = open_history(&owner, true);
    expect_text(&h, 0, "");
    history_close(&h);
    owner.boot[0] = 'c';
    h = open_history(&owner, true);
    history_close(&h);
}

static void history_keeps_the_last_part(void **state)
{
    struct history_owner owner = owner_make(3, "guest");
    struct history h = open_history(&owner, true);
    char line[32], *text;
    const char *data;
    uint64_t pos = 0;
    unsigned int i;

    (void)state;
    for (i = 0; i < 5000; i++) {
        snprintf(line, sizeof(line), "line %04u\n", i);
        append(&h, line);
    }
    assert_int_equal(history_oldest(&h),
                     50000 - (HISTORY_MIN_SIZE - HISTORY_CHUNK));
    text = text_of(&h, 0);
    assert_int_equal(strlen(text), HISTORY_MIN_SIZE - HISTORY_CHUNK);
    assert_string_equal(text + strlen(text) - 20, "line 4998\nline 4999\n");
    free(text);
    assert_true(history_at(&h, &pos, &data) > 0);
    assert_int_equal(pos, history_oldest(&h));
    pos = 999999;
    history_at(&h, &pos, &data);
    assert_int_equal(pos, history_oldest(&h));
    history_close(&h);
}

static void write_file(const char *name, const void *data, size_t len,
                       off_t size)
{
    int fd = openat(fake_consoled.history_dir, name,
                    O_WRONLY | O_CREAT | O_TRUNC, 0600);

    assert_int_equal(write(fd, data, len), len);
    assert_int_equal(ftruncate(fd, size), 0);
    close(fd);
}

static void history_files_that_are_none_are_let_pass(void **state)
{
    struct history_head head = {.magic = HISTORY_MAGIC,
                                .size = HISTORY_MIN_SIZE};
    struct history_info *list;
    size_t nr;

    (void)state;
    write_file("empty", "", 0, 0);
    write_file("text", "hello", 5, 5);
    write_file("short", &head, sizeof(head), 8192);
    head.size = 12345;
    write_file("odd", &head, sizeof(head), 4096 + 12345);
    head.size = 1u << 31;
    write_file("huge", &head, sizeof(head), 4096);
    memset(head.name, 'n', sizeof(head.name));
    head.size = HISTORY_MIN_SIZE;
    write_file("good", &head, sizeof(head), 4096 + HISTORY_MIN_SIZE);
    assert_int_equal(history_list(fake_consoled.history_dir, &list, &nr), 0);
    assert_int_equal(nr, 1);
    assert_string_equal(list[0].file, "good");
    assert_int_equal(strlen(list[0].head.name), HISTORY_NAME_SIZE - 1);
    free(list);
}

/* A header may lie about where its text ends. */
static void history_positions_beyond_the_file_are_refused(void **state)
{
    struct history_head head = {
        .magic = HISTORY_MAGIC, .size = HISTORY_MIN_SIZE, .end = ~0ull};
    uint64_t pos = 0;
    char *text;
    size_t len;

    (void)state;
    write_file("lies", &head, sizeof(head), 4096 + HISTORY_MIN_SIZE);
    assert_int_equal(
        history_text(fake_consoled.history_dir, "lies", &pos, &text, &len), 0);
    assert_true(len <= HISTORY_MIN_SIZE);
    free(text);
}

static void history_prunes_the_oldest_that_ended(void **state)
{
    struct history_info *list;
    unsigned int domid;
    size_t nr;

    (void)state;
    for (domid = 1; domid <= 6; domid++) {
        struct history_owner owner = owner_make(domid, "guest");
        struct history h = open_history(&owner, true);

        h.head->started = domid;
        h.head->ended = domid > 4 ? 0 : 10;
        history_close(&h);
    }
    assert_int_equal(
        history_prune(fake_consoled.history_dir, fake_consoled.boot, 4), 4);
    assert_int_equal(
        history_prune(fake_consoled.history_dir, fake_consoled.boot, 2), 2);
    assert_int_equal(history_list(fake_consoled.history_dir, &list, &nr), 0);
    assert_int_equal(nr, 4);
    assert_int_equal(list[0].head.domid, 3);
    free(list);
    history_prune(fake_consoled.history_dir, "another boot", 1);
    assert_int_equal(history_list(fake_consoled.history_dir, &list, &nr), 0);
    assert_int_equal(nr, 1);
    assert_int_equal(list[0].head.domid, 6);
    free(list);
}

/* Logs. */

static void expect_file(const char *name, const char *want)
{
    char text[8192];
    int fd = openat(fake_consoled.log_dir, name, O_RDONLY);
    ssize_t len = read(fd, text, sizeof(text) - 1);

    assert_true(len >= 0);
    text[len] = 0;
    close(fd);
    assert_string_equal(text, want);
}

static void log_is_cut_to_what_was_noted(void **state)
{
    struct history_owner owner = owner_make(3, "guest");
    struct history h = open_history(&owner, true);
    struct history_log before;
    struct log_style style = {0};
    struct log_file log;

    (void)state;
    assert_int_equal(log_file_open(&log, fake_consoled.log_dir, "l", &h, true),
                     0);
    append(&h, "one\n");
    assert_int_equal(log_file_write(&log, &h, &style), 0);
    before = history_log(&h);
    append(&h, "two\n");
    assert_int_equal(log_file_write(&log, &h, &style), 0);
    log_file_close(&log);
    /* As if killed between the writing and the note. */
    history_log_set(&h, &before);
    assert_int_equal(log_file_open(&log, fake_consoled.log_dir, "l", &h, false),
                     0);
    expect_file("l", "one\n");
    assert_int_equal(log_file_write(&log, &h, &style), 0);
    expect_file("l", "one\ntwo\n");
    log_file_close(&log);
    history_close(&h);
}

static void log_goes_on_in_a_new_file(void **state)
{
    struct history_owner owner = owner_make(3, "guest");
    struct history h = open_history(&owner, true);
    struct log_style style = {0};
    struct log_file log;

    (void)state;
    write_file("l", "somebody else's\n", 16, 16);
    assert_int_equal(log_file_open(&log, fake_consoled.log_dir, "l", &h, true),
                     0);
    append(&h, "one\n");
    log_file_write(&log, &h, &style);
    expect_file("l", "somebody else's\none\n");
    log_file_close(&log);
    renameat(fake_consoled.log_dir, "l", fake_consoled.log_dir, "l.1");
    assert_int_equal(log_file_open(&log, fake_consoled.log_dir, "l", &h, false),
                     0);
    append(&h, "two\n");
    log_file_write(&log, &h, &style);
    expect_file("l", "two\n");
    log_file_close(&log);
    history_close(&h);
}

static void log_has_a_time_on_each_line(void **state)
{
    struct history_owner owner = owner_make(3, "guest");
    struct history h = open_history(&owner, true);
    struct log_style style = {.timestamp = true, .replace_escape = true};
    struct log_file log;
    unsigned int stamps = 0;
    char text[256];
    int fd, i;

    (void)state;
    log_file_open(&log, fake_consoled.log_dir, "l", &h, true);
    append(&h, "par");
    log_file_write(&log, &h, &style);
    append(&h, "tial\n\033[1mnext\n");
    log_file_write(&log, &h, &style);
    fd = openat(fake_consoled.log_dir, "l", O_RDONLY);
    i = (int)read(fd, text, sizeof(text) - 1);
    text[i] = 0;
    close(fd);
    for (i = 0; text[i]; i++)
        stamps += text[i] == ']';
    assert_int_equal(stamps, 2);
    assert_non_null(strstr(text, "] partial\n["));
    assert_non_null(strstr(text, "] .[1mnext\n"));
    log_file_close(&log);
    history_close(&h);
}

static void log_names_are_names_of_files(void **state)
{
    char file[256], name[300];

    (void)state;
    log_file_name("web", file);
    assert_string_equal(file, "guest-web.log");
    log_file_name("../../etc/passwd", file);
    assert_string_equal(file, "guest-.._.._etc_passwd.log");
    log_file_name("", file);
    assert_string_equal(file, "guest-unnamed.log");
    memset(name, 'n', sizeof(name) - 1);
    name[sizeof(name) - 1] = 0;
    log_file_name(name, file);
    assert_true(strlen(file) < 255);
}

/* Budgets. */

static void budget_comes_back_with_time(void **state)
{
    struct budget b;
    unsigned int i;

    (void)state;
    budget_init(&b, 1000, 0);
    for (i = 0; i < 24; i++)
        assert_true(budget_use(&b, 10));
    assert_false(budget_use(&b, 60));
    assert_false(budget_fill(&b, 1000, 50));
    assert_true(budget_fill(&b, 1000, 60));
    assert_true(budget_use(&b, 9));
    assert_false(budget_use(&b, 1));
    /* However long it was silent, it has a quarter of a second's worth. */
    assert_true(budget_fill(&b, 1000, 1000000000));
    assert_false(budget_use(&b, 250));
}

/* Options. */

static enum options_result parse(struct options *o, char **said, int argc,
                                 const char *const *words)
{
    enum options_result result;
    char *argv[16];
    size_t size;
    FILE *out = open_memstream(said, &size);
    int i;

    for (i = 0; i < argc; i++)
        argv[i] = (char *)words[i];
    argv[argc] = NULL;
    result = options_parse(argc, argv, o, out, out);
    fclose(out);
    return result;
}

#define PARSE(o, said, ...)                                                    \
    parse(o, said,                                                             \
          (int)(sizeof((const char *[]){"xenconsoled", __VA_ARGS__}) /         \
                sizeof(char *)),                                               \
          (const char *[]){"xenconsoled", __VA_ARGS__})

static void options_are_as_stock(void **state)
{
    struct options o;
    char *said;

    (void)state;
    assert_int_equal(PARSE(&o, &said, "-v", "-i", "--log=all", "--log-dir=/x",
                           "--pid-file=/y", "-t", "guest", "-o", "keep",
                           "--replace-escape"),
                     OPTIONS_RUN);
    free(said);
    assert_true(o.verbose && o.foreground && o.log_guests && o.log_hypervisor);
    assert_true(o.stamp_guests && !o.stamp_hypervisor);
    assert_true(o.keep && o.replace_escape);
    assert_string_equal(o.log_folder, "/x");
    assert_string_equal(o.pid_file, "/y");
}

static void options_that_are_wrong_are_named(void **state)
{
    static const char *const wrong[] = {"--log=some",
                                        "--history-size=100",
                                        "--history-size=8",
                                        "--rate=0",
                                        "--history-files=-1",
                                        "--overflow-data=maybe",
                                        "--history-size=131072",
                                        "--frobnicate",
                                        "word",
                                        "--log-dir="};
    struct options o;
    char *said;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(PARSE(&o, &said, wrong[i]), OPTIONS_WRONG);
        assert_memory_equal(said, "xenconsoled: ", 13);
        free(said);
    }
    assert_int_equal(PARSE(&o, &said, "--help"), OPTIONS_DONE);
    assert_non_null(strstr(said, "--history-size=KIB"));
    free(said);
}

#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, consoled_setup, consoled_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(ring_copies_around_its_end),
        TEST(ring_refuses_an_impossible_index),
        TEST(ring_does_not_believe_its_own_index_in_the_page),
        TEST(ring_takes_over_where_a_predecessor_was),
        TEST(ring_takes_no_more_input_than_there_is_room),
        TEST(history_goes_on_after_a_daemon),
        TEST(history_begins_anew_for_another_guest),
        TEST(history_keeps_the_last_part),
        TEST(history_files_that_are_none_are_let_pass),
        TEST(history_positions_beyond_the_file_are_refused),
        TEST(history_prunes_the_oldest_that_ended),
        TEST(log_is_cut_to_what_was_noted),
        TEST(log_goes_on_in_a_new_file),
        TEST(log_has_a_time_on_each_line),
        TEST(log_names_are_names_of_files),
        TEST(budget_comes_back_with_time),
        TEST(options_are_as_stock),
        TEST(options_that_are_wrong_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
