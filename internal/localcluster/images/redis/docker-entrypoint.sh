#!/bin/sh
# The contract of the official Redis image: options, or a configuration file, are for redis-server.
set -e

case "${1:-}" in
-* | *.conf) set -- redis-server "$@" ;;
esac
exec "$@"
