/* What went wrong, in words: travels upward beside a negative errno and is logged once, on top. */
#pragma once

struct error {
	int code; /* the -errno that came with it */
	char message[512];
};

/*
 * Writes a message and returns code (a -errno), so that a failure is one statement:
 * `return error_set(error, -EINVAL, "no such key '%s'", key);`. error may be NULL.
 */
int error_set(struct error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "prefix: " before the message on its way up; returns the code. */
int error_prefix(struct error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
