/* SPDX-License-Identifier: MIT */
/* What a process can still do in the daemon's sandbox; each try in a child. */
#include "setup.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox.h"

static char folder[64];
static int folder_fd;

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/confine.XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
    return folder_fd < 0;
}

static int remove_folder(void **state)
{
    (void)state;
    close(folder_fd);
    return rmdir(folder);
}

/* The error that a try ends with in the sandbox. */
static int in_sandbox(int (*try)(void))
{
    int status;
    pid_t pid = fork();

    if (!pid) {
        if (sandbox_enter(folder))
            _exit(255);
        _exit(try() < 0 ? errno : 0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_not_equal(WEXITSTATUS(status), 255);
    return WEXITSTATUS(status);
}

static int own_file(void)
{
    int fd = openat(folder_fd, "file", O_RDWR | O_CREAT | O_TRUNC, 0600);

    if (fd < 0 || posix_fallocate(fd, 0, 4096))
        return -1;
    return unlinkat(folder_fd, "file", 0);
}

static int any_file(void)
{
    return open("/etc/passwd", O_RDONLY);
}

static int file_outside_of_the_folder(void)
{
    return openat(folder_fd, "../../etc/passwd", O_RDONLY);
}

static int new_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int another_program(void)
{
    return execl("/bin/true", "true", NULL);
}

static int new_process(void)
{
    return syscall(SYS_fork);
}

static void own_files_can_be_made(void **state)
{
    (void)state;
    assert_int_equal(in_sandbox(own_file), 0);
}

static void nothing_else_can_be_opened(void **state)
{
    (void)state;
    assert_int_equal(in_sandbox(any_file), EPERM);
}

static void nothing_outside_of_the_folder_is_seen(void **state)
{
    (void)state;
    if (syscall(SYS_landlock_create_ruleset, NULL, 0, 1) < 1) {
        puts("skip: this kernel has no Landlock");
        return;
    }
    assert_int_equal(in_sandbox(file_outside_of_the_folder), EACCES);
}

static void no_sockets_programs_processes(void **state)
{
    (void)state;
    assert_int_equal(in_sandbox(new_socket), EPERM);
    assert_int_equal(in_sandbox(another_program), EPERM);
    assert_int_equal(in_sandbox(new_process), EPERM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name)                                                             \
    cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
        TEST(own_files_can_be_made),
        TEST(nothing_else_can_be_opened),
        TEST(nothing_outside_of_the_folder_is_seen),
        TEST(no_sockets_programs_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
