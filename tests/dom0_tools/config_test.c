/* SPDX-License-Identifier: MIT */
/* Configurations: their syntax, their keys, and what is said about wrong ones.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "toolstack/config.h"
#include "toolstack/config_keys.h"

static int parse(const char *text, struct config_file *file,
                 struct error **err_out)
{
    *file = (struct config_file){0};
    return config_file_parse("vm.cfg", text, strlen(text), file, err_out);
}

/* The text must be refused with just this. */
static void refuses(const char *text, const char *why)
{
    struct config_warnings warnings;
    struct vm_config config;
    struct config_file file;
    struct error *err = NULL;
    const char *hint;
    char *message, full[1024];
    int rc = parse(text, &file, &err);

    if (!rc)
        rc = vm_config_read(&file, &config, &warnings, &err);
    assert_true(rc < 0);
    message = error_text(err);
    hint = error_first_hint(err);
    snprintf(full, sizeof(full), "%s%s%s", message, hint ? " | " : "",
             hint ? hint : "");
    assert_string_equal(full, why);
    free(message);
    error_free(err);
    config_file_free(&file);
}

static struct vm_config config;
static struct config_warnings warnings;

/* The text must be taken, behind what every configuration has. */
static void takes(const char *text)
{
    static const char always[] = "name='vm'; kernel='/k'; memory=64\n";
    struct config_file file;
    struct error *err = NULL;
    char *whole;

    vm_config_free(&config);
    config_warnings_free(&warnings);
    assert_true(asprintf(&whole, "%s%s", always, text) > 0);
    if (parse(whole, &file, &err) ||
        vm_config_read(&file, &config, &warnings, &err))
        fail_msg("%s: %s", text, error_text(err));
    config_file_free(&file);
    free(whole);
}

static int forget(void **state)
{
    (void)state;
    vm_config_free(&config);
    config_warnings_free(&warnings);
    return 0;
}

static void all_kinds_of_values_are_read(void **state)
{
    struct config_file file;
    const struct config_value *v;

    (void)state;
    assert_int_equal(parse("# comment\n"
                           "a = 12; b=0x10 ;c = 010 # more\n"
                           "\n;;\n"
                           "t = 'it''s'\n",
                           &file, NULL),
                     -EINVAL);
    config_file_free(&file);
    assert_int_equal(parse("# comment\r\n"
                           "a = 12; b=0x10 ;c = 010 # more\n"
                           "\n;;\n"
                           "t = \"it's\"\n"
                           "l = [ 'x', # first\n 2,\n [ 3, [] ], ]\n"
                           "l += [ 4 ]\n"
                           "t += ' all'\n"
                           "a = 13",
                           &file, NULL),
                     0);
    assert_int_equal(config_find(&file, "a")->value->number, 13);
    assert_int_equal(config_find(&file, "a")->line, 11);
    assert_int_equal(config_find(&file, "b")->value->number, 16);
    assert_int_equal(config_find(&file, "c")->value->number, 8);
    assert_string_equal(config_find(&file, "t")->value->text, "it's all");
    v = config_find(&file, "l")->value;
    assert_int_equal(v->nr, 4);
    assert_string_equal(v->item[0]->text, "x");
    assert_int_equal(v->item[1]->number, 2);
    assert_int_equal(v->item[2]->item[1]->kind, CONFIG_LIST);
    assert_int_equal(v->item[2]->item[1]->nr, 0);
    assert_int_equal(v->item[3]->number, 4);
    assert_null(config_find(&file, "x"));
    config_file_free(&file);
}

static void wrong_syntax_names_its_line(void **state)
{
    (void)state;
    refuses("a = 1\nb = 'x\n", "vm.cfg:2: a text has no closing quote");
    refuses("a = [ 1\n",
            "vm.cfg:2: unexpected end of file, expecting end of line or ']' or "
            "','");
    refuses("\n\na 5\n", "vm.cfg:3: unexpected a number, expecting += or '='");
    refuses("a = 5 b = 6\n", "vm.cfg:1: unexpected a name, expecting end of "
                             "file or end of line or ';'");
    refuses("a = $\n", "vm.cfg:1: unexpected character '$'");
    refuses("a = 99999999999999999999\n",
            "vm.cfg:1: number 99999999999999999999 is too large");
    refuses("a = 1\na += 2\n", "vm.cfg:2: += wants a text behind a text or a "
                               "list behind a list");
    refuses("a=[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]",
            "vm.cfg:1: lists are nested deeper than 16");
}

static void a_file_that_is_no_text_is_refused(void **state)
{
    struct config_file file = {0};

    (void)state;
    assert_int_equal(config_file_parse("vm.cfg", "a=1\0b", 5, &file, NULL),
                     -EINVAL);
    config_file_free(&file);
    assert_int_equal(config_file_read("/nonexistent/vm.cfg", &file, NULL),
                     -ENOENT);
    assert_int_equal(config_file_read("/tmp", &file, NULL), -EIO);
    config_file_free(&file);
}

static void keys_set_what_they_say(void **state)
{
    (void)state;
    takes("maxmem = 128\nvcpus = 2\nmaxvcpus = 4\nramdisk = '/i'\n"
          "root = '/dev/xvda'\nextra = 'quiet'\ncpu_weight = '300'\ncap = 50\n"
          "uuid = '685283ac-83f2-4d23-b79a-87c63dfaca78'\n"
          "type = 'pv'\nmax_grant_frames = 64");
    assert_string_equal(config.name, "vm");
    assert_int_equal(config.memory_kib, 64 << 10);
    assert_int_equal(config.max_memory_kib, 128 << 10);
    assert_int_equal(config.vcpus, 2);
    assert_int_equal(config.max_vcpus, 4);
    assert_string_equal(config.cmdline, "root=/dev/xvda quiet");
    assert_int_equal(config.cpu_weight, 300);
    assert_int_equal(config.cap, 50);
    assert_int_equal(config.uuid[0], 0x68);
    assert_int_equal(config.max_grant_frames, 64);
    assert_int_equal(warnings.nr, 0);
}

static void what_is_not_said_has_defaults(void **state)
{
    (void)state;
    takes("");
    assert_int_equal(config.max_memory_kib, 64 << 10);
    assert_int_equal(config.vcpus, 1);
    assert_int_equal(config.max_vcpus, 1);
    assert_string_equal(config.cmdline, "");
    assert_null(config.ramdisk);
    assert_int_equal(config.cpu_weight, -1);
    assert_false(uuid_is_null(config.uuid));
    takes("maxvcpus = 3");
    assert_int_equal(config.vcpus, 3);
}

static void cpus_may_be_one_set_or_many(void **state)
{
    (void)state;
    takes("cpus = '0-1'\ncpus_soft = ['0', 1]");
    assert_int_equal(config.nr_cpus, 1);
    assert_string_equal(config.cpus[0], "0-1");
    assert_int_equal(config.nr_cpus_soft, 2);
    assert_string_equal(config.cpus_soft[1], "1");
    refuses("cpus = [['0']]",
            "vm.cfg:1: cpus: wants a set of CPUs, or a list of them");
}

static void old_names_are_taken_with_a_warning(void **state)
{
    (void)state;
    takes("cpu = '1'\ncpu_cap = 20");
    assert_string_equal(config.cpus[0], "1");
    assert_int_equal(config.cap, 20);
    assert_int_equal(warnings.nr, 2);
    assert_string_equal(warnings.text[0], "vm.cfg:2: 'cpu' is read as 'cpus'");
    takes("cmdline = 'a'\nextra = 'b'");
    assert_string_equal(config.cmdline, "a");
    assert_string_equal(
        warnings.text[0],
        "vm.cfg: 'root' and 'extra' are ignored beside 'cmdline'");
}

static void unknown_keys_are_refused_with_a_suggestion(void **state)
{
    (void)state;
    refuses("memroy = 64", "vm.cfg:1: memroy: no such key | did you mean "
                           "`memory`?");
    refuses("\nmaxvcpu = 64", "vm.cfg:2: maxvcpu: no such key | did you mean "
                              "`maxvcpus`?");
    refuses("frobnicate = 1", "vm.cfg:1: frobnicate: no such key | remove it: "
                              "nothing would come of it");
}

/* Found by the fuzzer. */
static void the_later_of_two_names_counts(void **state)
{
    (void)state;
    takes("cpus = ['0', '1']\ncpu = '2'");
    assert_int_equal(config.nr_cpus, 1);
    assert_string_equal(config.cpus[0], "2");
    assert_null(config.cpus[1]);
}

static void known_keys_of_others_are_refused_with_a_reason(void **state)
{
    (void)state;
    refuses("hpet = 1", "vm.cfg:1: hpet: only HVM guests have it");
    refuses("gic_version = 'v3'",
            "vm.cfg:1: gic_version: only guests on Arm have it");
    refuses("pci = ['01:00.0']", "vm.cfg:1: pci: hardware of the host can't be "
                                 "given to guests");
    refuses("type = 'hvm'", "vm.cfg:1: type: 'hvm': only PV guests are "
                            "supported | say type = \"pv\", or leave it out");
}

static void a_boot_loader_is_grubs_image(void **state)
{
    static const char disk[] = "disk = ['/dev/null,,xvda']\n";
    static const char *const words[] = {
        "bootloader = 'pygrub'",
        "bootloader = '/usr/lib/xen/bin/pygrub'\nbootloader_args = '-q'",
        "bootloader = 'pvgrub'\nramdisk = '/r'",
        "firmware = 'pvgrub64'",
    };
    char text[256];
    size_t i;

    (void)state;
    setenv("XENIA_GRUB", "/dev/null", 1);
    for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        snprintf(text, sizeof(text), "%s%s", disk, words[i]);
        takes(text);
        assert_string_equal(config.kernel, "/dev/null");
        assert_null(config.ramdisk);
    }
    refuses("name='x'; memory=64; bootloader = 'pygrub'",
            "vm.cfg: bootloader: there is no disk to start from");
    refuses("name='x'; bootloader = '/bin/sh'",
            "vm.cfg: bootloader: '/bin/sh' is not known | say \"pygrub\" or "
            "\"pvgrub\": both start GRUB inside of the guest");
    refuses("name='x'; firmware = 'pvgrub32'",
            "vm.cfg: firmware: 32-bit guests are not supported | say firmware "
            "= \"pvgrub64\"");
    refuses("name='x'; firmware = 'uefi'",
            "vm.cfg: firmware: 'uefi' is not for PV guests: they have "
            "pvgrub64");
    setenv("XENIA_GRUB", "/nonexistent", 1);
    refuses("name='x'; bootloader = 'pygrub'",
            "vm.cfg: bootloader: /nonexistent: No such file or directory | "
            "install the package grub-xen-host");
    unsetenv("XENIA_GRUB");
}

static void wrong_values_are_refused(void **state)
{
    (void)state;
    refuses("memory = 'lots'", "vm.cfg:1: memory: wants a number");
    refuses("memory = []", "vm.cfg:1: memory: wants a number");
    refuses("vcpus = 0", "vm.cfg:1: vcpus: 0 is not from 1 to 128");
    refuses("name = ['x']", "vm.cfg:1: name: wants a text");
    refuses("uuid = '1234'", "vm.cfg:1: uuid: wants a UUID: 8-4-4-4-12 "
                             "hexadecimal digits");
}

static void what_must_be_there_is_asked_for(void **state)
{
    char *text, line[1100] = {0};

    (void)state;
    refuses("kernel='/k'", "vm.cfg: no name is given | say name = \"...\"");
    refuses("name='x'", "vm.cfg: no kernel is given | say kernel = \"file\", "
                        "or bootloader = \"pygrub\"");
    refuses("name='x';kernel='/k'",
            "vm.cfg: no memory is given | say memory = MiB");
    refuses("name='x';kernel='/k';memory=5;maxmem=4",
            "vm.cfg: memory is more than maxmem");
    refuses("name='x';kernel='/k';memory=5;vcpus=5;maxvcpus=4",
            "vm.cfg: vcpus is more than maxvcpus");
    memset(line, 'x', 1024);
    assert_true(
        asprintf(&text, "name='x';kernel='/k';memory=5;extra='%s'", line) > 0);
    refuses(text, "vm.cfg: the kernel's command line has 1024 characters, more "
                  "than 1023");
    free(text);
}

static void each_key_stands_in_the_table_once(void **state)
{
    size_t i, j;

    (void)state;
    for (i = 0; i < nr_config_keys; i++) {
        assert_non_null(config_keys[i].text);
        for (j = 0; j < i; j++)
            assert_string_not_equal(config_keys[i].name, config_keys[j].name);
    }
}

#define test(f) cmocka_unit_test_teardown(f, forget)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(all_kinds_of_values_are_read),
        test(wrong_syntax_names_its_line),
        test(a_file_that_is_no_text_is_refused),
        test(keys_set_what_they_say),
        test(what_is_not_said_has_defaults),
        test(cpus_may_be_one_set_or_many),
        test(old_names_are_taken_with_a_warning),
        test(unknown_keys_are_refused_with_a_suggestion),
        test(the_later_of_two_names_counts),
        test(known_keys_of_others_are_refused_with_a_reason),
        test(a_boot_loader_is_grubs_image),
        test(wrong_values_are_refused),
        test(what_must_be_there_is_asked_for),
        test(each_key_stands_in_the_table_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
