/* Sets of words as one string, blanks between them: scopes, roles, the lists of the settings. */
#pragma once

#include <stdbool.h>

bool word_set_has(const char *words, const char *word);

/* Is every one of words also in allowed? True for no words at all. */
bool word_set_is_within(const char *words, const char *allowed);
