#include "go_asm.h"
#include "textflag.h"

// func interpreter() unsafe.Pointer
TEXT ·interpreter(SB), NOSPLIT, $0-8
	LEAQ interpret<>(SB), AX
	MOVQ AX, ret+0(FP)
	RET

// The program that works through a script's records. It is copied into an
// executable of its own and runs there without a stack, from any address.
//
// R12 is the record at hand.
TEXT interpret<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVQ $const_callsAt, R12

next:
	MOVQ record_load(R12), R13
	MOVQ (record_args+0)(R12), DI
	BTQ  $0, R13
	JCC  2(PC)
	MOVQ (DI), DI
	MOVQ (record_args+8)(R12), SI
	BTQ  $1, R13
	JCC  2(PC)
	MOVQ (SI), SI
	MOVQ (record_args+16)(R12), DX
	BTQ  $2, R13
	JCC  2(PC)
	MOVQ (DX), DX
	MOVQ (record_args+24)(R12), R10
	BTQ  $3, R13
	JCC  2(PC)
	MOVQ (R10), R10
	MOVQ (record_args+32)(R12), R8
	BTQ  $4, R13
	JCC  2(PC)
	MOVQ (R8), R8
	MOVQ (record_args+40)(R12), R9
	BTQ  $5, R13
	JCC  2(PC)
	MOVQ (R9), R9
	MOVQ record_low(R12), R14
	BTQ  $6, R13
	JCC  2(PC)
	MOVQ (R14), R14

	MOVQ record_nr(R12), AX
	CMPQ AX, $-1
	JEQ  value
	SYSCALL

result:
	MOVQ record_result(R12), BX
	MOVQ AX, (BX)
	MOVQ AX, BX
	SUBQ R14, BX
	CMPQ BX, record_span(R12)
	JHI  follow
	MOVQ $const_dataAt, BX
	MOVQ R12, (BX)
	MOVQ AX, 8(BX)
	MOVQ record_target(R12), R12
	JMP  next

follow:
	ADDQ $record__size, R12
	JMP  next

value:
	MOVQ DI, AX
	JMP  result
	UD2
