/* SPDX-License-Identifier: MIT */
/* Servers of images; see nbd_server.h. */
#include "lib/nbd_server.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "lib/lock.h"
#include "lib/pid_file.h"
#include "lib/process.h"
#include "lib/run_file.h"

#define FOLDER    "/run/xen"
#define SUFFIX    ".image"
#define NAME_SIZE 64
#define TEXT_SIZE (PATH_MAX + 64)
#define STOP_MS   30000
#define YOUNG_MS  1000

/* Who starts or ends one: else it would be started again while it ends. */
#define LOCK "nbd-servers"

/* All that is watched, for poll(): the folder first. */
struct watched {
    struct pollfd *fds;
    size_t nr;
    bool any_failed;
};

int nbd_server_check(struct error **err_out)
{
    if (process_find(NBD_PROGRAM))
        return 0;
    error_set(err_out, ERROR_DEVICE, -ENOENT, "there is no program %s",
              NBD_PROGRAM);
    return error_hint(err_out, NBD_INSTALL_HINT);
}

/* ---- What is served, as text ------------------------------------------ */

static void file_of(const char *name, const char *suffix, char *file)
{
    snprintf(file, NAME_SIZE, "%s%s", name, suffix);
}

static int image_note(const struct nbd_image *image, const char *name,
                      struct error **err_out)
{
    char file[NAME_SIZE], text[TEXT_SIZE];

    file_of(name, SUFFIX, file);
    snprintf(text, sizeof(text), "%s %d %d %d\n%s", image->format,
             image->read_only, image->direct, image->no_discard, image->path);
    return run_file_write(file, text, err_out);
}

static void image_forget(const char *name)
{
    char file[NAME_SIZE];

    file_of(name, SUFFIX, file);
    run_file_remove(file);
}

/* The image has its words in the text. False: it is not to be served. */
static bool image_read(const char *name, char *text, struct nbd_image *image)
{
    int read_only, direct, no_discard;
    char file[NAME_SIZE], *path, *rest;

    file_of(name, SUFFIX, file);
    if (!run_file_read(file, text, TEXT_SIZE))
        return false;
    path = strchr(text, '\n');
    rest = strchr(text, ' ');
    if (!path || !rest ||
        sscanf(rest, "%d %d %d", &read_only, &direct, &no_discard) != 3)
        return false;
    *path = *rest = 0;
    *image = (struct nbd_image){.path = path + 1,
                                .format = text,
                                .read_only = read_only,
                                .direct = direct,
                                .no_discard = no_discard};
    return true;
}

/* ---- One server ------------------------------------------------------- */

static void socket_remove(const char *name)
{
    char file[NAME_SIZE];

    file_of(name, ".sock", file);
    run_file_remove(file);
}

static int serve(const struct nbd_image *image, const char *name,
                 struct error **err_out)
{
    char socket[NAME_SIZE + sizeof(FOLDER)], pid_file[NAME_SIZE];
    const char *const place[] = {"--persistent", "--socket", socket,
                                 "--pid-file",   pid_file,   NULL};

    snprintf(socket, sizeof(socket), FOLDER "/%s.sock", name);
    pid_file_path(name, pid_file, sizeof(pid_file));
    /* Of one that was killed. */
    socket_remove(name);
    return nbd_program_run(image, place, err_out);
}

int nbd_server_start(const struct nbd_image *image, const char *name,
                     struct error **err_out)
{
    int rc;

    nbd_server_stop(name, NULL);
    rc = serve(image, name, err_out);
    if (rc)
        return rc;
    rc = image_note(image, name, err_out);
    if (rc)
        nbd_server_stop(name, NULL);
    return rc;
}

int nbd_server_stop(const char *name, struct error **err_out)
{
    int lock = -1;

    (void)err_out;
    lock_take(LOCK, &lock, NULL);
    image_forget(name);
    lock_drop(lock);
    pid_file_stop(name, NBD_PROGRAM, STOP_MS);
    socket_remove(name);
    return 0;
}

/* It is noted, and does not run: nobody can have it end meanwhile. */
static int start_again(const char *name, bool *started_out,
                       struct error **err_out)
{
    struct nbd_image image;
    char text[TEXT_SIZE];
    int lock = -1, rc = lock_take(LOCK, &lock, err_out);

    *started_out = !rc && image_read(name, text, &image);
    if (*started_out)
        rc = serve(&image, name, err_out);
    lock_drop(lock);
    return rc;
}

/* Its last server was started within the second, as its file tells. */
static bool is_young(const char *name)
{
    char pid_file[NAME_SIZE];
    struct timespec now;
    struct stat st;
    long long age;

    pid_file_path(name, pid_file, sizeof(pid_file));
    if (stat(pid_file, &st) || clock_gettime(CLOCK_REALTIME, &now))
        return false;
    age = (now.tv_sec - st.st_mtim.tv_sec) * 1000LL +
          (now.tv_nsec - st.st_mtim.tv_nsec) / 1000000;
    return age > -YOUNG_MS && age < YOUNG_MS;
}

/* ---- All of them ------------------------------------------------------ */

/* The next one's name; false: there is none. */
static bool next_name(DIR *dir, char *name)
{
    const struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        size_t length = strlen(entry->d_name);

        if (length <= strlen(SUFFIX) || length >= NAME_SIZE ||
            strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) != 0)
            continue;
        memcpy(name, entry->d_name, length - strlen(SUFFIX));
        name[length - strlen(SUFFIX)] = 0;
        return true;
    }
    return false;
}

bool nbd_servers_exist(void)
{
    char name[NAME_SIZE];
    DIR *dir = opendir(FOLDER);
    bool exist = next_name(dir, name);

    if (dir)
        closedir(dir);
    return exist;
}

static void watch(struct watched *w, int fd)
{
    struct pollfd *fds = realloc(w->fds, (w->nr + 1) * sizeof(*fds));

    if (fds) {
        fds[w->nr++] = (struct pollfd){.fd = fd, .events = POLLIN};
        w->fds = fds;
    } else {
        w->any_failed = true;
        if (fd >= 0)
            close(fd);
    }
}

static void look_after(struct watched *w, const char *name,
                       void (*tell)(const char *name, struct error *err))
{
    int fd = pid_file_open(name, NBD_PROGRAM);
    struct error *err = NULL;
    bool started;

    if (fd < 0 && is_young(name)) {
        w->any_failed = true;
    } else if (fd < 0) {
        start_again(name, &started, &err);
        if (started)
            tell(name, err);
        error_free(err);
        fd = pid_file_open(name, NBD_PROGRAM);
        w->any_failed |= fd < 0;
    }
    watch(w, fd);
}

/* What comes or goes after this is told by it. */
static int folder_watch(void)
{
    int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);

    if (fd >= 0)
        inotify_add_watch(fd, FOLDER, IN_CREATE | IN_DELETE);
    return fd;
}

static void await_change(const struct watched *w, unsigned int pause)
{
    /* Who can't be started leaves traces in the folder: not waited for then. */
    size_t first = w->any_failed && w->nr;

    if (w->any_failed)
        poll(w->fds + first, w->nr - first, (int)pause * 1000);
    else if (w->nr > 1)
        poll(w->fds, w->nr, -1);
}

bool nbd_servers_look_after(void (*tell)(const char *name, struct error *err),
                            unsigned int pause)
{
    struct watched w = {0};
    char name[NAME_SIZE];
    DIR *dir;

    watch(&w, folder_watch());
    dir = opendir(FOLDER);
    while (next_name(dir, name))
        look_after(&w, name, tell);
    w.any_failed |= !dir;
    if (dir)
        closedir(dir);
    await_change(&w, pause);
    while (w.nr)
        if (w.fds[--w.nr].fd >= 0)
            close(w.fds[w.nr].fd);
    free(w.fds);
    return !w.any_failed;
}
