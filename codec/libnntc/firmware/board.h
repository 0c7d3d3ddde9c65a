/* What main.c asks of startup.c, semihosting.c, zstd.c and mps2.ld. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

extern unsigned char model_begin[], model_end[], base_begin[], base_end[], data_begin[], bss_end[], stack_begin[], stack_end[];

int main(void);
void say(const char *text);            /* to the debugger's console */
_Noreturn void leave(int status);      /* 0: all is well */
uint32_t deepest_stack(void);          /* bytes of stack that have been used */
uint32_t ticks(void);                  /* of a clock of 25 MHz: 40 instructions, if each takes a nanosecond */

size_t zstd_need(void);                /* bytes that zstd_decode takes, a multiple of 8 */
void zstd_lend(void *block);           /* so many, aligned to 8 */
int zstd_decode(const void *src, size_t length, void *dst, size_t n);

#endif
