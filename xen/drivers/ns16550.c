/* SPDX-License-Identifier: MIT */
/* The first serial port: a 16550 UART. Written by polling, read by interrupt.
 */
#include "xen/console.h"

#include "xen/errno.h"
#include "xen/option.h"
#include "xen/printk.h"
#include "xen/string.h"
#include "xen/strto.h"
#include "asm/io_apic.h"
#include "asm/irq.h"
#include "asm/processor.h"

/* Registers (16550D data sheet, table 2). */
#define UART_RBR     0 /* read: received */
#define UART_THR     0 /* write: to send */
#define UART_IER     1
#define UART_FCR     2
#define UART_LCR     3
#define UART_MCR     4
#define UART_LSR     5
#define UART_SCR     7
#define UART_DLL     0 /* divisor, while LCR_DLAB */
#define UART_DLM     1

#define IER_RECEIVED 0x01
#define FCR_ENABLE   0x07 /* on, both FIFOs emptied */
#define LCR_DLAB     0x80
#define MCR_ON       0x0b /* DTR, RTS, interrupts through */
#define LSR_RECEIVED 0x01
#define LSR_EMPTY    0x20

#define UART_CLOCK   1843200
#define FIFO_SIZE    16
/* A port that does not get rid of its bytes is not waited for again. */
#define SEND_POLLS 1000000

static struct {
    u16 port;
    u8 irq;
    u32 baud; /* 0: as the firmware set it */
    u8 lcr;
    bool present;
    bool stuck;
    unsigned int room; /* bytes that the FIFO takes without a look */
} com1 = {.port = 0x3f8, .irq = 4, .baud = 115200, .lcr = 0x03};

/* "8n1": bits, parity, stop bits. */
static int parse_frame(const char *s)
{
    u8 lcr;

    if (s[0] < '5' || s[0] > '8')
        return -EINVAL;
    lcr = s[0] - '5';
    if (s[1] == 'o')
        lcr |= 0x08;
    else if (s[1] == 'e')
        lcr |= 0x18;
    else if (s[1] != 'n')
        return -EINVAL;
    if (s[2] == '2')
        lcr |= 0x04;
    else if (s[2] != '1')
        return -EINVAL;
    com1.lcr = lcr;
    return 0;
}

/* baud[,frame[,port[,irq]]] */
static int com1_set(const char *value)
{
    u64 number;

    if (strncmp(value, "auto", 4) == 0) {
        com1.baud = 0;
        value += 4;
    } else {
        if (parse_uint(&value, 10, &number) || number == 0 ||
            number > UART_CLOCK / 16)
            return -EINVAL;
        com1.baud = number;
    }

    if (*value == ',') {
        if (parse_frame(value + 1))
            return -EINVAL;
        value += 4;
    }
    if (*value == ',') {
        value++;
        if (parse_uint(&value, 0, &number) || number > 0xfff8)
            return -EINVAL;
        com1.port = number;
    }
    if (*value == ',') {
        value++;
        if (parse_uint(&value, 0, &number) || number > 15)
            return -EINVAL;
        com1.irq = number;
    }
    return *value ? -EINVAL : 0;
}
OPTION_CUSTOM(
    "com1", com1_set,
    "first serial port: baud[,8n1[,io-port[,irq]]], baud may be auto");

static u8 uart_read(unsigned int reg)
{
    return inb(com1.port + reg);
}

static void uart_write(unsigned int reg, u8 value)
{
    outb(value, com1.port + reg);
}

static bool ns16550_init(void)
{
    u32 divisor;

    uart_write(UART_SCR, 0x5a);
    if (uart_read(UART_SCR) != 0x5a)
        return false;

    uart_write(UART_IER, 0);
    uart_write(UART_LCR, com1.lcr);
    if (com1.baud) {
        divisor = UART_CLOCK / 16 / com1.baud;
        uart_write(UART_LCR, com1.lcr | LCR_DLAB);
        uart_write(UART_DLL, divisor & 0xff);
        uart_write(UART_DLM, divisor >> 8);
        uart_write(UART_LCR, com1.lcr);
    }
    uart_write(UART_FCR, FCR_ENABLE);
    uart_write(UART_MCR, MCR_ON);
    com1.present = true;
    return true;
}

static void send(char c)
{
    unsigned int polls = 0;

    while (com1.room == 0 && !com1.stuck) {
        if (uart_read(UART_LSR) & LSR_EMPTY)
            com1.room = FIFO_SIZE;
        else if (++polls == SEND_POLLS)
            com1.stuck = true;
    }
    if (com1.stuck) {
        if (!(uart_read(UART_LSR) & LSR_EMPTY))
            return;
        com1.stuck = false;
        com1.room = FIFO_SIZE;
    }
    uart_write(UART_THR, c);
    com1.room--;
}

static void ns16550_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n')
            send('\r');
        send(text[i]);
    }
}

static void receive_interrupt(unsigned int irq, void *unused)
{
    (void)irq, (void)unused;

    /* Bounded: a port that is not there reads as all ones. */
    for (unsigned int i = 0; i < 256 && (uart_read(UART_LSR) & LSR_RECEIVED);
         i++)
        console_receive(uart_read(UART_RBR));
}

void ns16550_init_input(void)
{
    int rc;

    if (!com1.present)
        return;
    rc = irq_request(isa_irq_to_gsi(com1.irq), receive_interrupt, NULL);
    if (rc) {
        printk(XENLOG_WARNING "com1: no input, interrupt %u: error %d\n",
               com1.irq, rc);
        return;
    }
    uart_write(UART_IER, IER_RECEIVED);
}

bool ns16550_ports(u16 *first_out, u16 *last_out)
{
    if (!com1.present)
        return false;
    *first_out = com1.port;
    *last_out = com1.port + UART_SCR;
    return true;
}

const struct console_device ns16550_console = {
    .name = "com1",
    .init = ns16550_init,
    .write = ns16550_write,
};
