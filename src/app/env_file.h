/* `--env-file`: what a shell would get by sourcing the file, without running it. */
#pragma once

/*
 * Sets the variables of `path` in our environment, later lines and the file winning. Only a
 * regular file owned by root or us and not writable by others is used; else, and for each line
 * that is none, a warning on standard error, and life goes on.
 */
void env_file_load(const char *path);
