/* Finding a program once, so that a later change of PATH or directory cannot exchange it. */
#pragma once

/*
 * Absolute path of `name`: searched in search_path when it has no slash, else taken from the
 * working directory. A heap string, the caller's; NULL when there is no such executable file (or
 * no memory).
 */
char *executable_find(const char *name, const char *search_path);

/* $PATH, or what shells search without it. Borrowed. */
const char *executable_search_path(void);
