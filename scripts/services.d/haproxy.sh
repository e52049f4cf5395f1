# HAProxy for tests: the program only.
# shellcheck shell=bash

# Where the system keeps programs of its administrator, which are not on everybody's PATH.
haproxy_installed() { PATH=$PATH:/usr/sbin:/usr/local/sbin command -v haproxy >/dev/null; }
haproxy_install() { packages haproxy; }
