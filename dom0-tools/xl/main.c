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

/* The first of each ends xl in good order, a second one at once. Those that
 * nohup or a shell's & have switched off stay so. */
static void signals_take(void)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal,
                               .sa_flags = (int)(SA_RESTART | SA_RESETHAND)};
    struct sigaction before;
    size_t i;

    if (cancel_new(&cancel, NULL))
        return;
    for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (!sigaction(numbers[i], NULL, &before) &&
            before.sa_handler != SIG_IGN)
            sigaction(numbers[i], &action, NULL);
}

int main(int argc, char **argv)
{
    signals_take();
    return xl_main(argc, argv, stdout, stderr, cancel);
}
