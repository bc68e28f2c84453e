/* SPDX-License-Identifier: MIT */
/* Unpacked kernels that are kept: found again, never stale, never another's. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "build/kernel.h"
#include "build/kernel_cache.h"

#include "kernel_setup.h"

static char folder[] = "/tmp/kernel_cache_test.XXXXXX";

static void run(const char *command)
{
    assert_int_equal(system(command), 0);
}

/* A packed kernel that is new, and an empty cache. */
static int empty(void **state)
{
    const struct kernel_wish wish = {.mod_start_pfn = true};

    (void)state;
    run("rm -rf cache kernel kernel.gz other.gz");
    kernel_write("kernel", &wish);
    run("gzip kernel");
    return 0;
}

static bool comes_from_cache(const char *path)
{
    struct kernel k;
    bool kept;

    assert_int_equal(kernel_read(path, &k, NULL), 0);
    assert_int_equal(k.image.entry, KERNEL_ENTRY);
    kept = k.mapped != NULL;
    assert_true(kept != (k.unpacked != NULL));
    kernel_free(&k);
    return kept;
}

static unsigned int entries(const char *pattern)
{
    char command[100];
    unsigned int nr = 0;
    FILE *out;

    snprintf(command, sizeof(command), "ls cache | grep -c '%s'", pattern);
    out = popen(command, "r");
    assert_int_equal(fscanf(out, "%u", &nr), 1);
    pclose(out);
    return nr;
}

static void a_kernel_is_unpacked_once(void **state)
{
    (void)state;
    assert_false(comes_from_cache("kernel.gz"));
    assert_true(comes_from_cache("kernel.gz"));
    /* The bytes count, not the name. */
    run("cp kernel.gz other.gz");
    assert_true(comes_from_cache("other.gz"));
    assert_int_equal(entries("\\.elf$"), 1);
    assert_int_equal(entries("new"), 0);
}

static void a_file_at_rest_is_not_read_again(void **state)
{
    struct stat st;
    int fd;

    (void)state;
    assert_false(comes_from_cache("kernel.gz"));
    assert_int_equal(stat("kernel.gz", &st), 0);
    assert_int_equal(kernel_cache_find_file(&st), -1);
    sleep(4);
    assert_true(comes_from_cache("kernel.gz"));
    fd = kernel_cache_find_file(&st);
    assert_true(fd >= 0);
    close(fd);
    assert_true(comes_from_cache("kernel.gz"));
    /* Any change makes it another file. */
    run("touch -r kernel.gz stamp; printf x | dd of=kernel.gz bs=1 seek=9 "
        "conv=notrunc 2> /dev/null; touch -r stamp kernel.gz; rm stamp");
    assert_int_equal(stat("kernel.gz", &st), 0);
    assert_int_equal(kernel_cache_find_file(&st), -1);
}

static void a_damaged_entry_is_made_again(void **state)
{
    (void)state;
    assert_false(comes_from_cache("kernel.gz"));
    run("truncate -s 100 cache/*.elf");
    assert_false(comes_from_cache("kernel.gz"));
    assert_true(comes_from_cache("kernel.gz"));
}

static void what_others_may_write_is_not_used(void **state)
{
    (void)state;
    assert_false(comes_from_cache("kernel.gz"));
    run("chmod 666 cache/*.elf");
    assert_false(comes_from_cache("kernel.gz"));
    assert_true(comes_from_cache("kernel.gz"));
    run("chmod 777 cache");
    assert_false(comes_from_cache("kernel.gz"));
    run("chmod 700 cache; mv cache real; ln -s real cache");
    assert_false(comes_from_cache("kernel.gz"));
    run("rm -r real");
}

static void without_a_folder_nothing_is_kept(void **state)
{
    (void)state;
    setenv("XENIA_KERNEL_CACHE", "/proc/none", 1);
    assert_false(comes_from_cache("kernel.gz"));
    assert_false(comes_from_cache("kernel.gz"));
    setenv("XENIA_KERNEL_CACHE", "cache", 1);
}

static void the_oldest_entries_go(void **state)
{
    (void)state;
    run("mkdir -m 700 cache; cd cache; truncate -s 300M old.elf newer.elf; "
        "touch -d '2 days ago' old.elf; touch -d yesterday newer.elf; "
        "ln -s old.elf file.1; ln -s nothing file.2");
    assert_false(comes_from_cache("kernel.gz"));
    assert_int_equal(access("cache/old.elf", F_OK), -1);
    assert_int_equal(access("cache/newer.elf", F_OK), 0);
    assert_int_equal(entries("file.2"), 0);
    assert_true(comes_from_cache("kernel.gz"));
}

static void many_at_once_keep_one(void **state)
{
    int i, status;

    (void)state;
    for (i = 0; i < 8; i++)
        if (!fork()) {
            comes_from_cache("kernel.gz");
            _exit(0);
        }
    for (i = 0; i < 8; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(entries("\\.elf$"), 1);
    assert_int_equal(entries("new"), 0);
    assert_true(comes_from_cache("kernel.gz"));
}

static void what_is_not_packed_is_not_kept(void **state)
{
    struct kernel k;

    (void)state;
    run("gunzip kernel.gz");
    assert_int_equal(kernel_read("kernel", &k, NULL), 0);
    assert_null(k.mapped);
    assert_null(k.unpacked);
    kernel_free(&k);
    assert_int_equal(access("cache", F_OK), -1);
}

static int folder_make(void **state)
{
    (void)state;
    setenv("XENIA_KERNEL_CACHE", "cache", 1);
    return !mkdtemp(folder) || chdir(folder);
}

static int folder_remove(void **state)
{
    (void)state;
    run("rm -rf cache kernel kernel.gz other.gz");
    return chdir("/") || rmdir(folder);
}

#define test(f) cmocka_unit_test_setup(f, empty)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(a_kernel_is_unpacked_once),
        test(a_file_at_rest_is_not_read_again),
        test(a_damaged_entry_is_made_again),
        test(what_others_may_write_is_not_used),
        test(without_a_folder_nothing_is_kept),
        test(the_oldest_entries_go),
        test(many_at_once_keep_one),
        test(what_is_not_packed_is_not_kept),
    };

    return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
