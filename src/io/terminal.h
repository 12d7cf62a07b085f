/*
 * The terminal at our stdin, where it is the controlling one of our session (credentials(7)): a
 * command we start in a process group of its own gets what is typed, and the signals of its keys,
 * only while that group is the terminal's foreground group.
 */
#pragma once

#include <stdbool.h>

/* Is it our group's at present? A job in the background must not take it from others. */
bool terminal_is_ours(void);

/* Makes our group the foreground group again. Nothing is lost where that fails. */
void terminal_take_back(void);
