#include "go_asm.h"
#include "textflag.h"

// func interpreter() unsafe.Pointer
TEXT ·interpreter(SB), NOSPLIT, $0-8
	MOVD $interpret<>(SB), R0
	MOVD R0, ret+0(FP)
	RET

// The program that works through a script's records. It is copied into an
// executable of its own and runs there without a stack, from any address.
//
// R19 is the record at hand.
TEXT interpret<>(SB), NOSPLIT|NOFRAME, $0-0
	MOVD $const_callsAt, R19

next:
	MOVD record_load(R19), R20
	MOVD (record_args+0)(R19), R0
	TBZ  $0, R20, 2(PC)
	MOVD (R0), R0
	MOVD (record_args+8)(R19), R1
	TBZ  $1, R20, 2(PC)
	MOVD (R1), R1
	MOVD (record_args+16)(R19), R2
	TBZ  $2, R20, 2(PC)
	MOVD (R2), R2
	MOVD (record_args+24)(R19), R3
	TBZ  $3, R20, 2(PC)
	MOVD (R3), R3
	MOVD (record_args+32)(R19), R4
	TBZ  $4, R20, 2(PC)
	MOVD (R4), R4
	MOVD (record_args+40)(R19), R5
	TBZ  $5, R20, 2(PC)
	MOVD (R5), R5
	MOVD record_low(R19), R21
	TBZ  $6, R20, 2(PC)
	MOVD (R21), R21

	MOVD record_nr(R19), R8
	CMN  $1, R8
	BEQ  result              // no call: the result is the first argument
	SVC

result:
	MOVD record_result(R19), R9
	MOVD R0, (R9)
	SUB  R21, R0, R9
	MOVD record_span(R19), R10
	CMP  R10, R9
	BHI  follow
	MOVD $const_dataAt, R9
	MOVD R19, (R9)
	MOVD R0, 8(R9)
	MOVD record_target(R19), R19
	B    next

follow:
	ADD $record__size, R19
	B   next
	UNDEF
