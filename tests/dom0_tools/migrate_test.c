/* SPDX-License-Identifier: MIT */
/*
 * xl migrate and migrate-receive, each against a scripted other end: wherever
 * that ends, there is one guest. Also xl dump-core.
 */
#include <elf.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "lib/error.h"
#include "public/xen.h"

#include "saved_setup.h"
#include "xl_setup.h"

#define ok(words)          assert_int_equal(xl(words), 0)
#define fails(words, code) assert_int_equal(xl(words), error_exit_status(code))

#define BANNER             "xl migration receiver ready, send binary domain data.\\n"
#define READY              "domain received, ready to unpause\\0"
#define GO                 "domain is yours, you are cleared to unpause"
#define REPORT             "my copy unpause results are as follows\\0"
#define BACK               "permission to sender to have domain back\\0"

/* Bytes of the guest's stream. */
static long stream_size;

static int host(void **state)
{
    struct stat st;

    if (saved_host(state) || xl("save -c vm saved") || stat("saved", &st))
        return -1;
    stream_size = st.st_size;
    return 0;
}

/*
 * What is started in place of ssh: answers questions with `answer`, and takes a
 * guest by the steps of sh that are given.
 */
static void peer_write(const char *answer, const char *steps)
{
    FILE *f = fopen("peer", "w");

    fprintf(f,
            "#!/bin/sh\ncase \"$*\" in *--outcome=" UUID "*)\n"
            "    echo '%s'; exit ;; esac\n"
            "take() { head -c $1 > taken; }\n%s\n",
            answer, steps);
    fclose(f);
    chmod("peer", 0755);
}

/* Steps up to READY, up to GO, to the end. */
static const char *steps(int nr)
{
    static char text[512];

    snprintf(text, sizeof(text),
             "%s printf '" BANNER "'; take %ld; %s printf '" READY "'; %s "
             "take %zu; %s printf '" REPORT "\\%03o'; %s printf '" BACK "'",
             nr == 0 ? "exit;" : "", nr == 1 ? stream_size / 2 : stream_size,
             nr <= 2 ? "exit;" : "", nr == 3 ? "exit;" : "", sizeof(GO),
             nr == 4 ? "exit;" : "", nr == 6, nr == 5 ? "exit;" : "");
    return text;
}

static void it_runs_here(void)
{
    assert_true(guest()->exists);
    assert_int_equal(guest()->info.flags, 0);
    assert_string_equal(fake_store_get("/local/domain/1/name"), "vm");
}

static void a_guest_moves(void **state)
{
    (void)state;
    peer_write("", steps(5));
    ok("migrate -s ./peer vm there");
    assert_false(guest()->exists);
    assert_string_equal(xl_err, "Migration successful.\n");
}

static void whoever_gives_up_before_the_end_does_not_get_it(void **state)
{
    int nr;

    (void)state;
    for (nr = 0; nr <= 3; nr++) {
        peer_write("xl migration outcome: it is not here", steps(nr));
        assert_int_not_equal(xl("migrate -s ./peer vm there"), 0);
        it_runs_here();
    }
    peer_write("", steps(6));
    fails("migrate -s ./peer vm there", ERROR_MIGRATION);
    assert_non_null(strstr(xl_err, "the other host could not start it"));
    it_runs_here();
}

/* GO is out, and no report comes. */
static void who_does_not_hear_asks(void **state)
{
    (void)state;
    peer_write("xl migration outcome: it is not here", steps(4));
    fails("migrate -s ./peer vm there", ERROR_MIGRATION);
    it_runs_here();
    peer_write("xl migration outcome: it runs here", steps(4));
    ok("migrate -s ./peer vm there");
    assert_false(guest()->exists);
}

/* xl with a file as its standard input, and one for its output. */
static int receive(const char *words, long cut)
{
    int in = dup(0), out = dup(1), status;

    if (cut >= 0 && truncate("sent", cut))
        return -1;
    fflush(stdout);
    dup2(open("sent", O_RDONLY | O_CLOEXEC), 0);
    dup2(open("answered", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), 1);
    status = xl(words);
    dup2(in, 0);
    dup2(out, 1);
    close(in);
    close(out);
    return status;
}

static void sent_write(const char *go, size_t size)
{
    FILE *f;

    assert_int_equal(system("cp saved sent"), 0);
    f = fopen("sent", "a");
    fwrite(go, 1, size, f);
    fclose(f);
}

static void a_guest_comes(void **state)
{
    char answered[256] = "";
    FILE *f;

    (void)state;
    ok("destroy vm");
    sent_write(GO, sizeof(GO));
    assert_int_equal(receive("migrate-receive -e", -1), 0);
    assert_true(guest()->exists);
    assert_int_equal(guest()->paused, 0);
    assert_string_equal(fake_store_get("/local/domain/1/name"), "vm");
    f = fopen("answered", "r");
    assert_int_equal(fread(answered, 1, sizeof(answered), f), 54 + 34 + 39 + 1);
    fclose(f);
    assert_int_equal(receive("migrate-receive --outcome=" UUID, -1), 0);
    f = fopen("answered", "r");
    assert_non_null(fgets(answered, sizeof(answered), f));
    fclose(f);
    assert_string_equal(answered, "xl migration outcome: it runs here\n");
}

static void a_guest_that_does_not_come_whole_is_none(void **state)
{
    long cuts[] = {0,           60,
                   2000,        stream_size / 2,
                   stream_size, stream_size + (long)sizeof(GO) - 1};
    uint64_t frames;
    size_t i;

    (void)state;
    ok("destroy vm");
    frames = fake_free_frames();
    for (i = 0; i < sizeof(cuts) / sizeof(cuts[0]); i++) {
        sent_write(GO, sizeof(GO));
        assert_int_not_equal(receive("migrate-receive -e", cuts[i]), 0);
        assert_false(guest()->exists);
        assert_int_equal(fake_free_frames(), frames);
    }
    sent_write("something else, just as long as permission..", sizeof(GO));
    fails("list vm", ERROR_NO_DOMAIN);
    assert_int_not_equal(receive("migrate-receive -e", -1), 0);
    assert_false(guest()->exists);
}

/* The question forbids what has not been decided. */
static void nobody_starts_it_after_the_question(void **state)
{
    (void)state;
    ok("destroy vm");
    assert_int_equal(receive("migrate-receive --outcome=" UUID, -1), 0);
    assert_string_equal(fake_store_get("/libxl/incoming/" UUID), "none");
    assert_int_not_equal(receive("migrate-receive --outcome=x", -1), 0);
}

static const char *section_name(const uint8_t *file, const Elf64_Shdr *s)
{
    const Elf64_Ehdr *elf = (const void *)file;
    const Elf64_Shdr *all = (const void *)(file + elf->e_shoff);

    return (const char *)file + all[elf->e_shstrndx].sh_offset + s->sh_name;
}

static const Elf64_Shdr *section(const uint8_t *file, const char *name)
{
    const Elf64_Ehdr *elf = (const void *)file;
    const Elf64_Shdr *s = (const void *)(file + elf->e_shoff);
    unsigned int i;

    for (i = 0; i < elf->e_shnum; i++)
        if (!strcmp(section_name(file, &s[i]), name))
            return &s[i];
    fail_msg("no section %s", name);
    return NULL;
}

static void a_core_has_all_of_a_guest(void **state)
{
    const Elf64_Shdr *p2m, *pages;
    const uint64_t *entry;
    struct stat st;
    uint8_t *file;
    uint64_t i;
    FILE *f;

    (void)state;
    ok("dump-core vm core");
    assert_int_equal(guest()->paused, 0);
    f = fopen("core", "r");
    assert_int_equal(fstat(fileno(f), &st), 0);
    file = malloc((size_t)st.st_size);
    assert_int_equal(fread(file, 1, (size_t)st.st_size, f), st.st_size);
    fclose(f);
    assert_memory_equal(file, ELFMAG, SELFMAG);
    assert_int_equal(((Elf64_Ehdr *)file)->e_type, ET_CORE);
    assert_int_equal(section(file, ".note.Xen")->sh_type, SHT_NOTE);
    assert_int_equal(section(file, ".xen_prstatus")->sh_size,
                     sizeof(struct vcpu_guest_context));
    assert_int_equal(section(file, ".xen_shared_info")->sh_size, PAGE);
    p2m = section(file, ".xen_p2m");
    pages = section(file, ".xen_pages");
    assert_int_equal(p2m->sh_size, NR_PAGES * 16);
    assert_int_equal(pages->sh_size, NR_PAGES * PAGE);
    entry = (const void *)(file + p2m->sh_offset);
    for (i = 0; i < NR_PAGES; i++) {
        assert_int_equal(entry[2 * i], i);
        assert_int_equal(entry[2 * i + 1], mfn_of(guest(), i));
        assert_memory_equal(file + pages->sh_offset + i * PAGE,
                            fake_frame(entry[2 * i + 1]), PAGE);
    }
    free(file);
    fails("dump-core vm /nonexistent/core", ERROR_STREAM);
    fails("dump-core nobody core", ERROR_NO_DOMAIN);
}

static void a_core_that_fails_leaves_nothing(void **state)
{
    unsigned int calls = fake_calls(), n, succeeded = 0;

    (void)state;
    ok("dump-core vm core");
    calls = fake_calls() - calls;
    for (n = 1; n <= calls; n++) {
        unlink("core");
        fake_call_fail(n, 5);
        succeeded += xl("dump-core vm core") == 0;
        fake_call_fail(0, 0);
        if (xl_err[0])
            assert_int_equal(access("core", F_OK), -1);
        assert_int_equal(access("core.partial", F_OK), -1);
        guest()->paused = 0;
    }
    assert_true(succeeded < 3);
}

#define test(f) cmocka_unit_test_setup_teardown(f, host, xl_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_guest_moves),
        test(whoever_gives_up_before_the_end_does_not_get_it),
        test(who_does_not_hear_asks),
        test(a_guest_comes),
        test(a_guest_that_does_not_come_whole_is_none),
        test(nobody_starts_it_after_the_question),
        test(a_core_has_all_of_a_guest),
        test(a_core_that_fails_leaves_nothing),
    };

    return cmocka_run_group_tests(tests, saved_folder_make,
                                  saved_folder_remove);
}
