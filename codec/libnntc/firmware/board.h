/* What main.c asks of startup.c, semihosting.c and mps2.ld. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

extern unsigned char model_begin[], model_end[], data_begin[], bss_end[], stack_begin[], stack_end[];

int main(void);
void say(const char *text);            /* to the debugger's console */
_Noreturn void leave(int status);      /* 0: all is well */
uint32_t deepest_stack(void);          /* bytes of stack that have been used */
uint32_t ticks(void);                  /* of a clock of 25 MHz: 40 instructions, if each takes a nanosecond */

#endif
