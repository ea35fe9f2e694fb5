#!/bin/sh
# `make test`: runs every suite, whatever the ones before it found, and ends with one line for each.
#
#     tools/test.sh lint rust c python
#
# Each word is a target of the Makefile, without its `test-`. Exits with 1 where one failed.
set -u
cd "$(dirname "$0")/.."

failed=0
summary=
for suite in "$@"; do
    case $suite in
        lint | codegen) target=$suite ;;
        *) target=test-$suite ;;
    esac
    printf '\n== make %s\n' "$target"
    began=$(date +%s)
    if "${MAKE:-make}" --no-print-directory "$target" </dev/null; then
        verdict=passed
    else
        verdict=FAILED
        failed=1
    fi
    summary="$summary$(printf '%-8s make %-16s %4d s' "$verdict" "$target" "$(($(date +%s) - began))")
"
done
printf '\n== make test\n%s' "$summary"
exit "$failed"
