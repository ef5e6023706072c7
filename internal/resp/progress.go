package resp

// Parsed returns how many bytes of an incomplete frame have been understood:
// those before the argument that is being received.
func (p *Parser) Parsed() int { return p.at }
