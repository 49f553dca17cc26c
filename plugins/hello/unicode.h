/* Characters of a text in UTF-8. */

#ifndef HELLO_UNICODE_H
#define HELLO_UNICODE_H

#include "abi.h"

/* The character at `*at`, which moves past it; the text must be UTF-8 and not at its end. */
uint32_t next_character(const uint8_t **at);

/* Whether Unicode gives it the property White_Space. */
bool is_white_space(uint32_t character);

/* Whether it is a control character (category Cc) other than tab, line feed, carriage return. */
bool is_unexpected_control(uint32_t character);

/* The text without white space around it. */
struct text trimmed(struct text text);

#endif
