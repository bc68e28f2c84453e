/* SPDX-License-Identifier: MIT */
/*
 * Sessions at a console; see console.h.
 *
 * Signals come as bytes of a descriptor, so that none ends the program before
 * the terminal is put back.
 */
#include "xl/console.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "public/sched.h"

#include "xl/cmd.h"

/* How long a daemon has until it serves a new guest. */
#define ATTACH_MS 10000

/* How often a broken connection is tried again. */
#define RETRY_MS   100

#define INPUT_SIZE 1024

struct session {
    struct xl *xl;
    struct console *c;
    const char *name;
    char escape;
    bool is_left;           /* by the person */
    int reason;             /* why it is over */
    bool input_ended;       /* no more comes from standard input */
    char input[INPUT_SIZE]; /* typed, and not taken yet */
    size_t nr_input;
    int signals;
    bool is_raw;
    struct termios before;
};

int xl_console_attach(struct xl *xl, domid_t domid, struct console **c_out,
                      struct error **err_out)
{
    struct privcmd *p;
    struct store *s;
    int rc = xl_open(xl, &p, &s, err_out);

    return rc ? rc
              : console_attach(p, s, domid, CONSOLE_PRIMARY, ATTACH_MS,
                               xl->cancel, c_out, err_out);
}

static void terminal_begin(struct session *s)
{
    struct termios raw;

    s->is_raw = !tcgetattr(STDIN_FILENO, &s->before);
    if (!s->is_raw)
        return;
    raw = s->before;
    cfmakeraw(&raw);
    /* What was typed already is for the guest, too. */
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
}

static void terminal_end(struct session *s)
{
    if (s->is_raw)
        tcsetattr(STDIN_FILENO, TCSADRAIN, &s->before);
}

static int signals_begin(struct session *s, sigset_t *before,
                         struct error **err_out)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    sigprocmask(SIG_BLOCK, &set, before);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signals >= 0)
        return 0;
    sigprocmask(SIG_SETMASK, before, NULL);
    return error_set(err_out, ERROR_INTERNAL, -errno, "signalfd: %s",
                     strerror(errno));
}

/* All of it, however slow the terminal is. False where it is gone. */
static bool output_write(const char *text, size_t len)
{
    while (len) {
        ssize_t n = write(STDOUT_FILENO, text, len);
        struct pollfd poller = {.fd = STDOUT_FILENO, .events = POLLOUT};

        if (n < 0 && errno == EAGAIN)
            poll(&poller, 1, -1);
        else if (n < 0 && errno != EINTR)
            return false;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return true;
}

static void output_take(struct session *s)
{
    char text[4096];
    ssize_t n = console_read(s->c, text, sizeof(text));

    if (n > 0 && !output_write(text, (size_t)n))
        s->is_left = true;
}

static void input_take(struct session *s)
{
    char *at = s->input + s->nr_input, *escape;
    ssize_t n = read(STDIN_FILENO, at, sizeof(s->input) - s->nr_input);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        s->input_ended = true;
        return;
    }
    escape = memchr(at, s->escape, (size_t)n);
    s->is_left = escape != NULL;
    s->nr_input += escape ? (size_t)(escape - at) : (size_t)n;
}

static void input_send(struct session *s)
{
    ssize_t n = console_write(s->c, s->input, s->nr_input);

    if (n <= 0)
        return;
    s->nr_input -= (size_t)n;
    memmove(s->input, s->input + n, s->nr_input);
}

static void session_round(struct session *s)
{
    bool is_broken = console_fd(s->c) < 0;
    struct pollfd fds[] = {
        {.fd = s->signals, .events = POLLIN},
        {.fd = s->input_ended || s->nr_input == INPUT_SIZE ? -1 : STDIN_FILENO,
         .events = POLLIN},
        {.fd = console_fd(s->c),
         .events = (short)(POLLIN | (s->nr_input ? POLLOUT : 0))},
    };

    if (poll(fds, 3, is_broken ? RETRY_MS : -1) < 0)
        return;
    if (fds[0].revents) {
        s->is_left = true;
        return;
    }
    if (fds[1].revents)
        input_take(s);
    if (is_broken)
        console_retry(s->c);
    else if (s->nr_input)
        input_send(s);
    if (fds[2].revents & (POLLIN | POLLHUP | POLLERR))
        output_take(s);
}

static const char *reason_text(int reason)
{
    static const char *const texts[] = {
        [SHUTDOWN_poweroff] = "has powered off",
        [SHUTDOWN_reboot] = "has rebooted",
        [SHUTDOWN_suspend] = "was suspended",
        [SHUTDOWN_crash] = "has crashed",
        [SHUTDOWN_watchdog] = "was ended by its watchdog",
        [SHUTDOWN_soft_reset] = "has reset itself",
    };

    return reason >= 0 && (size_t)reason < sizeof(texts) / sizeof(texts[0])
               ? texts[reason]
               : "was destroyed";
}

static void rest_write(struct session *s)
{
    char *text;
    size_t len;

    console_rest(s->c, &text, &len);
    if (text)
        output_write(text, len);
    free(text);
}

static void session_run(struct session *s)
{
    while (!s->is_left) {
        if (console_fd(s->c) < 0 && console_ended(s->c, &s->reason)) {
            rest_write(s);
            terminal_end(s);
            fprintf(s->xl->err, "\nxl: console: %s %s\n", s->name,
                    reason_text(s->reason));
            return;
        }
        session_round(s);
    }
    s->reason = CONSOLE_LEFT;
    /* What was typed in front of the escape character. */
    if (s->nr_input && console_fd(s->c) >= 0)
        input_send(s);
    terminal_end(s);
    if (s->is_raw)
        fputc('\n', s->xl->err);
}

int xl_console_session(struct xl *xl, struct console *c, const char *name,
                       char escape, int *reason_out, struct error **err_out)
{
    struct session s = {.xl = xl, .c = c, .name = name, .escape = escape};
    sigset_t before;
    int rc = signals_begin(&s, &before, err_out);

    if (!rc) {
        fflush(xl->out);
        terminal_begin(&s);
        session_run(&s);
        close(s.signals);
        sigprocmask(SIG_SETMASK, &before, NULL);
        if (reason_out)
            *reason_out = s.reason;
    }
    console_close(c);
    return rc;
}
