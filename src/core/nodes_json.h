/* The output of `openclaw nodes list --json` (2026.5.22 and 2026.9.6). */
#pragma once

#include <stddef.h>

#include "core/nodes.h"
#include "util/error.h"

enum {
	NODES_OUTPUT_MAX_BYTES = 1024 * 1024, /* more output than this is not read */
	NODES_MAX = 1024,                     /* more entries than this are not looked at */
};

/*
 * Lines before the first that begins with `{` are passed over: banners. Returns 0 (the caller
 * deinits *ret_nodes), or -EPROTO or -ENOMEM and *error says why.
 */
int nodes_decode(
    const char *bytes, size_t length_bytes, struct nodes *ret_nodes, struct error *error);
