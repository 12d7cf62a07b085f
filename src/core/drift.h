/*
 * Do the installed OpenShell CLI and the gateway that runs come from the same release? What the
 * versions are read from, what follows, and the lines that say so, which others look for (spec 30
 * part 8).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "util/text.h"

enum {
	DRIFT_VERSION_BYTES = 32,
	DRIFT_REASON_BYTES = 512, /* as the words of an error */
};

/* One of the two that are compared. */
struct drift_side {
	char version[DRIFT_VERSION_BYTES]; /* x.y.z; "": unknown */
	char reason[DRIFT_REASON_BYTES];   /* why it is unknown */
};

/* What has been found out; the strings are borrowed. */
struct drift {
	const char *action; /* what is not to be done on drift */
	struct drift_side installed;
	struct drift_side running;
	const char *image;  /* that the gateway runs from; NULL: it is a process of the host */
	const char *binary; /* its path, or who else was asked; NULL: none is known */
	const char *note;   /* what else is to be said of it; NULL: nothing */
	bool is_replaced;   /* it runs from a file that is not there any more */
};

enum drift_verdict {
	DRIFT_NONE,
	DRIFT_FOUND, /* also where a version is unknown, if the running one is replaced */
	DRIFT_UNKNOWN,
};

/*
 * The first x.y.z in text, which may be coloured; digits and dots beside it (an IPv4 address) make
 * it none. false: there is none, and ret_version (DRIFT_VERSION_BYTES) is untouched.
 */
bool drift_find_version(const char *text, size_t length_bytes, char *ret_version);

/* The version in the tag of `REPOSITORY:TAG`; unknown, with its reason, for all else. */
void drift_read_image(const char *reference, struct drift_side *ret_side);

enum drift_verdict drift_judge(const struct drift *drift);

/* Adds the lines for that verdict: one where there is no drift. */
void drift_format(const struct drift *drift, struct text *text);
