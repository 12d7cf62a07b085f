/* INI text → settings. The only user of inih. */
#pragma once

#include <stddef.h>

#include "core/problems.h"
#include "core/settings.h"

enum {
	CONFIG_INI_LINE_BYTES = 198, /* inih's line buffer less line end and NUL */
	CONFIG_INI_FILE_BYTES = 4 << 20,
};

/*
 * Reads INI text into settings. Everything wrong with its form (spec 20 part 2) goes to problems
 * as `FILE:LINE: message`; reading goes on, so that all of it is listed. Each value's origin is
 * `origin` if that is not NULL, else `FILE:LINE`. Keys and values are not judged here.
 */
void config_ini_read(const char *file_name, const char *origin, const char *text,
    size_t length_bytes, struct settings *settings, struct problems *problems);
