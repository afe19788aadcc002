package keys

import "testing"

func FuzzContinuationToken(f *testing.F) {
	f.Add("MWIv")
	f.Add("")
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		place, err := FromToken(&token)
		if err != nil {
			return
		}
		if again, err := FromToken(Token(place)); err != nil || again != place {
			t.Errorf("%q: %q, then %q, %v", token, place, again, err)
		}
	})
}
