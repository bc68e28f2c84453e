/* SPDX-License-Identifier: MIT */
/* xl: one command line, one command, one exit status. */
#include "xl/xl.h"

int main(int argc, char **argv)
{
    return xl_main(argc, argv, stdout, stderr);
}
