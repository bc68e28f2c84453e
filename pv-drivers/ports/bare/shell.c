/* SPDX-License-Identifier: MIT */
/* A shell on the console: looks at a disk, and writes to it. */
#include "pv/blkfront.h"
#include "pv/text.h"

#include "bare.h"
#include "guest.h"

#define SECTOR   512U
#define MAX_LINE 80U

static struct blkfront *disk;
static struct blkfront_info disk_info; /* sectors: 0 before it is connected */
static uint8_t sector[SECTOR];
static bool busy; /* a command is not done yet */

static char line[MAX_LINE];
static unsigned int length;

static void prompt(void)
{
    printf("> ");
}

/* ---- The disk --------------------------------------------------------- */

static void hexdump(void)
{
    for (unsigned int at = 0; at < SECTOR; at += 16) {
        printf("%x%x%x ", at >> 8, at >> 4 & 15, at & 15);
        for (unsigned int i = at; i < at + 16; i++)
            printf(" %x%x", sector[i] >> 4, sector[i] & 15);
        printf("  ");
        for (unsigned int i = at; i < at + 16; i++)
            printf("%c", sector[i] >= ' ' && sector[i] < 127 ? sector[i] : '.');
        printf("\n");
    }
}

static void io_done(struct blk_io *io, int rc)
{
    if (rc)
        printf("error %d\n", rc);
    else if (io->op == BLK_READ)
        hexdump();
    else
        printf("written\n");
    busy = false;
    prompt();
}

static struct blk_buffer buffer = {sector, SECTOR};
static struct blk_io io = {.nr_sectors = 1,
                           .buffers = &buffer,
                           .nr_buffers = 1,
                           .fua = true,
                           .done = io_done};

static void submit(enum blk_op op, uint64_t number)
{
    if (!disk) {
        printf("there is no disk\n");
        return;
    }
    io.op = op;
    io.sector = number;
    busy = true;
    blkfront_submit(disk, &io);
}

static void on_connected(void *arg, const struct blkfront_info *info)
{
    (void)arg;
    if (!disk_info.sectors)
        os_log("disk: %lu sectors", info->sectors);
    disk_info = *info;
}

static const struct blkfront_ops disk_ops = {.connected = on_connected,
                                             .resized = on_connected};

/* The first that the store lists. */
static void disk_open(void)
{
    static const struct blkfront_options options = {.max_pages = 16};
    char names[256], node[PV_PATH_MAX];

    if (os_store_list("device/vbd", names, sizeof(names)) > 0 &&
        text_format(node, sizeof(node), "device/vbd/%s", names))
        blkfront_create(node, &options, &disk_ops, NULL, &disk);
}

/* ---- Commands --------------------------------------------------------- */

static void cmd_read(const char *arg)
{
    uint64_t number;

    if (text_to_u64(arg, &number))
        printf("read which sector?\n");
    else
        submit(BLK_READ, number);
}

/* The number ends at the blank; text follows. */
static void cmd_write(const char *arg)
{
    char digits[24];
    uint64_t number;
    size_t size = 0;

    while (arg[size] && arg[size] != ' ' && size < sizeof(digits) - 1)
        size++;
    memcpy(digits, arg, size);
    digits[size] = '\0';
    if (text_to_u64(digits, &number) || arg[size] != ' ') {
        printf("write what to which sector?\n");
        return;
    }
    arg += size + 1;
    memset(sector, 0, SECTOR);
    memcpy(sector, arg, strlen(arg));
    submit(BLK_WRITE, number);
}

static void cmd_hexdump(const char *arg)
{
    (void)arg;
    hexdump();
}

static void cmd_echo(const char *arg)
{
    printf("%s\n", arg);
}

static void cmd_info(const char *arg)
{
    (void)arg;
    printf("memory: %lu KiB, %u KiB free; disk: %lu sectors\n",
           start_info->nr_pages * 4, bare_free_pages() * 4, disk_info.sectors);
}

static void cmd_net(const char *arg)
{
    net_show(arg);
}

static void cmd_halt(const char *arg)
{
    (void)arg;
    bare_end(SHUTDOWN_poweroff);
}

static void cmd_help(const char *arg);

static const struct command {
    const char *name;
    void (*run)(const char *arg);
    const char *help;
} commands[] = {
    {"help", cmd_help, "this list"},
    {"info", cmd_info, "memory and disk"},
    {"read", cmd_read, "SECTOR: show a sector of the disk"},
    {"write", cmd_write, "SECTOR TEXT: write it, with zeros behind the text"},
    {"hexdump", cmd_hexdump, "the sector that was read or written last"},
    {"echo", cmd_echo, "TEXT: show it"},
    {"net", cmd_net, "[ADDRESS]: the network, with that address"},
    {"halt", cmd_halt, "end this guest"},
};

static void cmd_help(const char *arg)
{
    (void)arg;
    for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++)
        printf("%s: %s\n", commands[i].name, commands[i].help);
}

static void run_line(void)
{
    char *arg = line;

    while (*arg && *arg != ' ')
        arg++;
    if (*arg)
        *arg++ = '\0';
    for (unsigned int i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(line, commands[i].name))
            continue;
        commands[i].run(arg);
        return;
    }
    if (*line)
        printf("%s? try help\n", line);
}

/* ---- Typing ----------------------------------------------------------- */

static void end_line(void)
{
    printf("\n");
    line[length] = '\0';
    length = 0;
    run_line();
    if (!busy)
        prompt();
}

void shell_type(char c)
{
    if (c == '\r' || c == '\n') {
        end_line();
    } else if (c == '\b' || c == 127) {
        if (length) {
            length--;
            printf("\b \b");
        }
    } else if (c >= ' ' && length < MAX_LINE - 1) {
        line[length++] = c;
        printf("%c", c);
    }
}

bool shell_is_busy(void)
{
    return busy;
}

void shell_open(void)
{
    printf("Xenia's bare guest, %lu KiB; try help\n", start_info->nr_pages * 4);
    disk_open();
    net_open();
    prompt();
}
