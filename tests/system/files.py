# SPDX-License-Identifier: MIT
"""Files that machines need: a disk, a bootable ISO, a file on the network."""

import hashlib
import http.server
import os
import shutil
import subprocess
import threading

GRUB_CFG = """\
serial --unit=0 --speed=115200
terminal_output serial
set timeout=0
{screen}
menuentry "test" {{
    multiboot2 /boot/xen {options}
    module2 /boot/kernel {kernel_options}
    module2 /boot/initrd
}}
"""

GRUB_SCREEN = """\
insmod all_video
insmod gfxterm
set gfxmode=800x600
set gfxpayload=keep
terminal_output serial gfxterm"""


def make_disk(path):
    """An empty ext4 file system, for QEMU to use with snapshot=on."""
    with open(path, "wb") as disk:
        disk.truncate(400 << 20)
    subprocess.run(["/sbin/mkfs.ext4", "-q", "-F", path], check=True)
    return path


def make_iso(folder, hypervisor, options, kernel, kernel_options, initrd,
             uefi):
    """An ISO that GRUB starts by multiboot 2, with a screen under UEFI."""
    boot = os.path.join(folder, "iso", "boot")
    os.makedirs(os.path.join(boot, "grub"), exist_ok=True)
    for name, target in (("xen", hypervisor), ("kernel", kernel),
                         ("initrd", initrd)):
        shutil.copyfile(target, os.path.join(boot, name))
    with open(os.path.join(boot, "grub", "grub.cfg"), "w") as cfg:
        cfg.write(GRUB_CFG.format(options=options,
                                  kernel_options=kernel_options,
                                  screen=GRUB_SCREEN if uefi else ""))
    iso = os.path.join(folder, "boot.iso")
    subprocess.run(["grub-mkrescue", "-d", "/usr/lib/grub/" +
                    ("x86_64-efi" if uefi else "i386-pc"), "-o", iso,
                    os.path.join(folder, "iso")],
                   check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    return iso


class FileServer:
    """Serves one file of noise: by HTTP here, by TFTP through QEMU."""

    SIZE = 4 << 20

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder, exist_ok=True)
        data = os.urandom(self.SIZE)
        with open(os.path.join(folder, "file"), "wb") as out:
            out.write(data)
        self.md5 = hashlib.md5(data).hexdigest()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                """A request is no news."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                       Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever,
                         daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
