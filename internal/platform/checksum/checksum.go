// Package checksum has the two checksums of Valkey's formats: CRC-64 (Jones) of
// RDB files and DUMP payloads, and CRC-16 (XMODEM), which deals keys out to
// cluster slots.
package checksum

import "encoding/binary"

const (
	// jones is the CRC-64 polynomial ad93d23594c935a9, bits reversed. The CRC is
	// reflected, starts at 0 and is not inverted at the end.
	jones = 0x95ac9329ac4bc9b5
	// xmodem is the CRC-16 polynomial, most significant bit first; starts at 0.
	xmodem = 0x1021
)

// jonesTables[k][b] is the CRC of the byte b followed by k zero bytes, so that
// sixteen bytes are looked up at once and their CRCs combined.
var jonesTables = makeJonesTables()

func makeJonesTables() *[16][256]uint64 {
	var t [16][256]uint64
	for b := range t[0] {
		crc := uint64(b)
		for range 8 {
			crc = crc>>1 ^ jones&-(crc&1)
		}
		t[0][b] = crc
	}
	for k := 1; k < len(t); k++ {
		for b := range t[k] {
			before := t[k-1][b]
			t[k][b] = before>>8 ^ t[0][byte(before)]
		}
	}
	return &t
}

// CRC64 continues the checksum crc with data. A new checksum starts from 0.
func CRC64(crc uint64, data []byte) uint64 {
	t := jonesTables
	for len(data) >= 16 {
		a := crc ^ binary.LittleEndian.Uint64(data)
		b := binary.LittleEndian.Uint64(data[8:])
		crc = t[15][byte(a)] ^ t[14][byte(a>>8)] ^ t[13][byte(a>>16)] ^ t[12][byte(a>>24)] ^
			t[11][byte(a>>32)] ^ t[10][byte(a>>40)] ^ t[9][byte(a>>48)] ^ t[8][a>>56] ^
			t[7][byte(b)] ^ t[6][byte(b>>8)] ^ t[5][byte(b>>16)] ^ t[4][byte(b>>24)] ^
			t[3][byte(b>>32)] ^ t[2][byte(b>>40)] ^ t[1][byte(b>>48)] ^ t[0][b>>56]
		data = data[16:]
	}
	for _, c := range data {
		crc = crc>>8 ^ t[0][byte(crc)^c]
	}
	return crc
}

var xmodemTable = makeXmodemTable()

func makeXmodemTable() *[256]uint16 {
	var t [256]uint16
	for b := range t {
		crc := uint16(b) << 8
		for range 8 {
			crc = crc<<1 ^ xmodem&-(crc>>15)
		}
		t[b] = crc
	}
	return &t
}

// CRC16 returns the CRC-16 (XMODEM) of data.
func CRC16(data []byte) uint16 {
	var crc uint16
	for _, c := range data {
		crc = crc<<8 ^ xmodemTable[byte(crc>>8)^c]
	}
	return crc
}
