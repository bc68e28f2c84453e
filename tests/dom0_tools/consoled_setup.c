/* SPDX-License-Identifier: MIT */
/* In place of dom0-tools/lib/evtchn_dev.c and gntdev.c; see consoled_setup.h.
 */
#include "consoled_setup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "consoled/pty.h"
#include "lib/evtchn_dev.h"
#include "lib/gntdev.h"

struct xencons_interface fake_page;
unsigned int fake_notified, fake_unmasked;
uint64_t fake_clock_ms;
char fake_folder[] = "/tmp/consoled_test.XXXXXX";
struct consoled fake_consoled;

uint64_t clock_ms(void)
{
    return fake_clock_ms;
}

int evtchn_dev_bind_interdomain(int fd, uint16_t domid, uint32_t remote_port)
{
    (void)fd, (void)domid;
    return remote_port ? (int)remote_port + 100 : -EINVAL;
}

int evtchn_dev_bind_virq(int fd, uint32_t virq)
{
    (void)fd, (void)virq;
    return -ENOSYS;
}

int evtchn_dev_unbind(int fd, uint32_t port)
{
    (void)fd, (void)port;
    return 0;
}

int evtchn_dev_notify(int fd, uint32_t port)
{
    (void)fd, (void)port;
    fake_notified++;
    return 0;
}

int evtchn_dev_unmask(int fd, uint32_t port)
{
    (void)fd, (void)port;
    fake_unmasked++;
    return 0;
}

int evtchn_dev_pending(int fd, uint32_t *ports, unsigned int max)
{
    (void)fd, (void)ports, (void)max;
    return 0;
}

int gntdev_map(int fd, uint16_t domid, const uint32_t *refs, size_t nr,
               bool writable, void **address_out)
{
    (void)fd, (void)domid, (void)refs, (void)nr, (void)writable;
    *address_out = &fake_page;
    return 0;
}

int gntdev_unmap(int fd, void *address, size_t nr)
{
    (void)fd, (void)address, (void)nr;
    return 0;
}

int consoled_setup(void **state)
{
    struct consoled *d = &fake_consoled;
    char *argv[] = {(char[]){"xenconsoled"}, NULL};

    (void)state;
    strcpy(fake_folder + strlen(fake_folder) - 6, "XXXXXX");
    if (!mkdtemp(fake_folder))
        return -1;
    *d = (struct consoled){.evtchn = -1, .gntdev = -1};
    options_parse(1, argv, &d->options, stdout, stderr);
    d->options.history_size = HISTORY_MIN_SIZE;
    d->options.run_folder = fake_folder;
    d->options.log_guests = true;
    d->history_dir = open(fake_folder, O_RDONLY | O_DIRECTORY);
    d->log_dir = dup(d->history_dir);
    d->dev_dir = open("/dev", O_RDONLY | O_DIRECTORY);
    strcpy(d->boot, "b0071d00-0000-0000-0000-000000000000");
    memset(&fake_page, 0, sizeof(fake_page));
    fake_notified = fake_unmasked = 0;
    fake_clock_ms = 1000000;
    return poller_init() || pty_init(d);
}

int consoled_teardown(void **state)
{
    struct consoled *d = &fake_consoled;
    char command[128];

    (void)state;
    while (d->guests)
        guest_end(d->guests, HISTORY_DESTROYED);
    close(d->history_dir);
    close(d->log_dir);
    close(d->dev_dir);
    snprintf(command, sizeof(command), "rm -rf %s", fake_folder);
    return system(command);
}

static struct history_owner fake_owner(unsigned int domid, const char *name)
{
    struct history_owner owner = {.domid = domid};

    snprintf(owner.uuid, sizeof(owner.uuid), "%08x-1234-1234-1234-123456789abc",
             domid);
    strcpy(owner.boot, fake_consoled.boot);
    strcpy(owner.name, name);
    return owner;
}

struct guest *fake_channel(unsigned int domid, unsigned int number,
                           bool has_socket)
{
    struct history_owner owner = fake_owner(domid, "channel");
    struct guest *g;

    owner.number = number;
    return guest_make(&fake_consoled, &owner, has_socket, &g) ? NULL : g;
}

struct guest *fake_guest(unsigned int domid, const char *name)
{
    struct history_owner owner = fake_owner(domid, name);
    struct guest *g;

    return guest_begin(&fake_consoled, &owner, 2, 77, &g) ? NULL : g;
}

void fake_output(const char *text, size_t len)
{
    while (len--) {
        fake_page.out[fake_page.out_prod % sizeof(fake_page.out)] = *text++;
        fake_page.out_prod++;
    }
}

size_t fake_input(char *text, size_t size)
{
    size_t len = 0;

    while (len < size && fake_page.in_cons != fake_page.in_prod)
        text[len++] = fake_page.in[fake_page.in_cons++ % sizeof(fake_page.in)];
    return len;
}
