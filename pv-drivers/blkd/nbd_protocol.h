/* SPDX-License-Identifier: MIT */
/* Numbers and messages of the NBD protocol; all are big-endian. */
#ifndef BLKD_NBD_PROTOCOL_H
#define BLKD_NBD_PROTOCOL_H

#include <stdint.h>

/* Handshake. */
#define NBD_MAGIC            0x4e42444d41474943UL
#define NBD_OPTION_MAGIC     0x49484156454f5054UL
#define NBD_REPLY_MAGIC      0x3e889045565a9UL
#define NBD_FIXED_NEWSTYLE   1U
#define NBD_NO_ZEROES        2U
#define NBD_OPT_GO           7U
#define NBD_REP_ACK          1U
#define NBD_REP_INFO         3U
#define NBD_REP_ERROR        (1U << 31)
#define NBD_INFO_EXPORT      0U
#define NBD_MAX_OPTION_REPLY 4096U

/* Flags of an export. */
#define NBD_FLAG_READ_ONLY  (1U << 1)
#define NBD_FLAG_SEND_FLUSH (1U << 2)
#define NBD_FLAG_SEND_TRIM  (1U << 5)

struct nbd_greeting {
    uint64_t magic;
    uint64_t option_magic;
    uint16_t flags;
} __attribute__((packed));

struct nbd_option {
    uint64_t magic;
    uint32_t option;
    uint32_t length;
} __attribute__((packed));

struct nbd_option_reply {
    uint64_t magic;
    uint32_t option;
    uint32_t type;
    uint32_t length;
} __attribute__((packed));

struct nbd_info_export {
    uint16_t type;
    uint64_t size;
    uint16_t flags;
} __attribute__((packed));

/* Transmission. */
#define NBD_REQUEST_MAGIC      0x25609513U
#define NBD_SIMPLE_REPLY_MAGIC 0x67446698U

#define NBD_CMD_READ           0U
#define NBD_CMD_WRITE          1U
#define NBD_CMD_FLUSH          3U
#define NBD_CMD_TRIM           4U

struct nbd_request {
    uint32_t magic;
    uint16_t flags;
    uint16_t type;
    uint64_t handle;
    uint64_t offset;
    uint32_t length;
} __attribute__((packed));

struct nbd_reply {
    uint32_t magic;
    uint32_t error;
    uint64_t handle;
} __attribute__((packed));

#endif
