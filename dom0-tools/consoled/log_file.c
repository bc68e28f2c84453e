/* SPDX-License-Identifier: MIT */
/* Logs; see log_file.h. */
#include "consoled/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Made of at most HISTORY_CHUNK bytes, each a line with a time. */
#define STAMP_SIZE 24
#define TEXT_SIZE  (HISTORY_CHUNK * 2)

void log_file_name(const char *guest, char *file)
{
    char name[200];
    size_t i;

    snprintf(name, sizeof(name), "%s", *guest ? guest : "unnamed");
    for (i = 0; name[i]; i++)
        if (name[i] == '/' || (unsigned char)name[i] < ' ')
            name[i] = '_';
    snprintf(file, 256, "guest-%s.log", name);
}

int log_file_open(struct log_file *log, int dir, const char *name,
                  struct history *h, bool is_new)
{
    struct history_log at = history_log(h);
    struct stat st;
    int fd =
        openat(dir, name,
               O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0644);

    if (fd < 0)
        return -errno;
    if (fstat(fd, &st)) {
        close(fd);
        return -errno;
    }
    if (is_new)
        at.pos = history_oldest(h);
    /* What lies beyond was written, but not noted before the daemon ended. */
    else if (at.inode == st.st_ino && (uint64_t)st.st_size > at.size &&
             !ftruncate(fd, (off_t)at.size))
        st.st_size = (off_t)at.size;
    at.inode = st.st_ino;
    at.size = (uint64_t)st.st_size;
    history_log_set(h, &at);
    log->fd = fd;
    log->failed = false;
    return 0;
}

void log_file_close(struct log_file *log)
{
    if (log->fd >= 0)
        close(log->fd);
    log->fd = -1;
}

static size_t stamp_put(char *to)
{
    time_t now = time(NULL);
    struct tm tm;

    localtime_r(&now, &tm);
    return strftime(to, STAMP_SIZE, "[%Y-%m-%d %H:%M:%S] ", &tm);
}

/*
 * Text as it goes to the file; as much of it as there is room for.
 *
 * Returns how many bytes of text were used.
 */
static size_t text_make(const char *text, size_t len, bool at_line,
                        const struct log_style *style, char *out,
                        size_t *out_len)
{
    size_t i, used = 0;

    for (i = 0; i < len && used + STAMP_SIZE + 1 <= TEXT_SIZE; i++) {
        if (at_line && style->timestamp)
            used += stamp_put(out + used);
        at_line = text[i] == '\n';
        out[used++] =
            text[i] == '\033' && style->replace_escape ? '.' : text[i];
    }
    *out_len = used;
    return i;
}

/* The byte in front of a position ends a line. */
static bool line_begins(const struct history *h, uint64_t pos)
{
    const char *data;
    uint64_t before = pos - 1;

    if (pos == 0 || before < history_oldest(h))
        return true;
    history_at(h, &before, &data);
    return *data == '\n';
}

int log_file_write(struct log_file *log, struct history *h,
                   const struct log_style *style)
{
    struct history_log at = history_log(h);
    char text[TEXT_SIZE];
    const char *data;
    size_t len, out_len;

    if (log->fd < 0)
        return 0;
    while ((len = history_at(h, &at.pos, &data)) > 0) {
        len =
            text_make(data, len, line_begins(h, at.pos), style, text, &out_len);
        if (write(log->fd, text, out_len) != (ssize_t)out_len) {
            int rc = errno ? -errno : -ENOSPC;

            /* A part of it may be there. */
            if (ftruncate(log->fd, (off_t)at.size))
                at.size = 0;
            return rc;
        }
        at.pos += len;
        at.size += out_len;
        history_log_set(h, &at);
    }
    return 0;
}
