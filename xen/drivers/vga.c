/* SPDX-License-Identifier: MIT */
/* The screen in VGA text mode, 80x25, until dom0 takes it over. */
#include "xen/console.h"

#include "xen/boot_info.h"
#include "xen/string.h"
#include "asm/page.h"
#include "asm/processor.h"

#define VGA_TEXT    0xb8000
#define COLUMNS     80
#define ROWS        25
#define GREY_BLANK  0x0720
#define GREY        0x0700

#define CRTC_INDEX  0x3d4
#define CRTC_DATA   0x3d5
#define CRTC_CURSOR 0x0e /* high byte; the low one follows */

static unsigned int row, column;

static volatile u16 *cell(unsigned int at_row, unsigned int at_column)
{
    return (volatile u16 *)maddr_to_virt(VGA_TEXT) + at_row * COLUMNS +
           at_column;
}

static void clear_row(unsigned int at_row)
{
    for (unsigned int i = 0; i < COLUMNS; i++)
        *cell(at_row, i) = GREY_BLANK;
}

static void next_line(void)
{
    column = 0;
    if (++row < ROWS)
        return;
    row = ROWS - 1;
    for (unsigned int i = 0; i < row * COLUMNS; i++)
        *cell(0, i) = *cell(1, i);
    clear_row(row);
}

static void show_cursor(void)
{
    unsigned int pos = row * COLUMNS + column;

    outb(CRTC_CURSOR, CRTC_INDEX);
    outb(pos >> 8, CRTC_DATA);
    outb(CRTC_CURSOR + 1, CRTC_INDEX);
    outb(pos & 0xff, CRTC_DATA);
}

static bool vga_init(void)
{
    if (!boot_info.text_mode)
        return false;
    for (unsigned int i = 0; i < ROWS; i++)
        clear_row(i);
    row = column = 0;
    return true;
}

static void vga_write(const char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (text[i] == '\n') {
            next_line();
        } else if (text[i] != '\r') {
            if (column == COLUMNS)
                next_line();
            *cell(row, column++) = GREY | (u8)text[i];
        }
    }
    show_cursor();
}

const struct console_device vga_console = {
    .name = "vga",
    .init = vga_init,
    .write = vga_write,
};
