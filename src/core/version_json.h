/* The health reply of a server that says its version, as OpenShell's gateway does at /health. */
#pragma once

#include <stddef.h>

#include "core/drift.h"
#include "util/error.h"

/*
 * Reads the version in the string `version` of an object. Returns 0, -EPROTO (no such object: more
 * bytes may make it one) or -ENOMSG (it tells no x.y.z), and *error says it.
 */
int version_decode(const char *bytes, size_t length_bytes, char ret_version[DRIFT_VERSION_BYTES],
    struct error *error);
