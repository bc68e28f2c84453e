/* SPDX-License-Identifier: MIT */
/* xl: one command line, one command, one exit status. */
#include <signal.h>

#include "xl/xl.h"

/* For the signal handler; NULL where there is no memory for it. */
static struct cancel *cancel;

static void on_signal(int number)
{
    (void)number;
    cancel_request(cancel);
}

/* The first of each ends xl in good order, a second one at once. */
static void signals_take(void)
{
    struct sigaction action = {.sa_handler = on_signal,
                               .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};

    if (cancel_new(&cancel, NULL))
        return;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
}

int main(int argc, char **argv)
{
    signals_take();
    return xl_main(argc, argv, stdout, stderr, cancel);
}
