package pseudonym_test

import (
	"testing"

	"github.com/rectify-project/rectify/engine/escalate/pseudonym"
)

// known are the names that the cases below take as known.
func known() *pseudonym.Learner {
	return pseudonym.NewLearner([]string{"jdoe", `CONTOSO\svc-patch`, "Jane Doe", "田中", "ab", "admin"}, []string{"SRV-APP08", "dc1.contoso.example"}, nil)
}

// redact learns from a text and replaces its names.
func redact(s string) string {
	l := known()
	l.Text(s)
	return l.Book().Text(s)
}

func TestText(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		// Profile folders.
		"profile":                   {`C:\Users\alice\AppData\Local\Temp\x.log`, `C:\Users\user-1\AppData\Local\Temp\x.log`},
		"profile-other-drive":       {`D:\users\alice\x`, `D:\users\user-1\x`},
		"profile-at-the-end":        {`the folder C:\Users\alice`, `the folder C:\Users\user-1`},
		"profile-in-a-sentence":     {`C:\Users\alice is full.`, `C:\Users\user-1 is full.`},
		"profile-ends-a-sentence":   {`cannot open C:\Users\alice.`, `cannot open C:\Users\user-1.`},
		"profile-with-blanks":       {`open "C:\Users\Mary Ann Lee\a b\c": denied`, `open "C:\Users\user-1\a b\c": denied`},
		"profile-with-blanks-whole": {`C:\Users\Mary Ann Lee`, `C:\Users\user-1`},
		"profile-in-quotes":         {`"C:\Users\Mary Ann" is gone`, `"C:\Users\user-1" is gone`},
		"profile-sentence-goes-on":  {`C:\Users\alice and C:\Users\bob differ`, `C:\Users\user-1 and C:\Users\user-2 differ`},
		"profile-of-a-known-name":   {`C:\Users\Jane Doe was removed`, `C:\Users\user-1 was removed`},
		"profile-slashes":           {`C:/Users/alice/x, file:///C:/Users/bob/y`, `C:/Users/user-1/x, file:///C:/Users/user-2/y`},
		"profile-quoted-twice":      {`{"path":"C:\\Users\\alice\\x"}`, `{"path":"C:\\Users\\user-1\\x"}`},
		"profile-of-a-device":       {`\Device\HarddiskVolume3\Users\alice\x and \\?\C:\Users\alice`, `\Device\HarddiskVolume3\Users\user-1\x and \\?\C:\Users\user-1`},
		"profile-on-a-mounted-disk": {`/mnt/disk/Users/alice/NTUSER.DAT`, `/mnt/disk/Users/user-1/NTUSER.DAT`},
		"profile-of-unix":           {`--root /home/alice/disk`, `--root /home/user-1/disk`},
		"profile-of-xp":             {`C:\Documents and Settings\alice\Desktop`, `C:\Documents and Settings\user-1\Desktop`},
		"profile-two-letters":       {`C:\Users\al\x; al runs`, `C:\Users\user-1\x; al runs`},
		"profile-everyday-word":     {`C:\Users\admin\x; the admin runs it`, `C:\Users\user-1\x; the admin runs it`},
		"profile-learnt":            {`C:\Users\alice\x. Alice's run of alice_backup.cmd, not malice`, `C:\Users\user-1\x. user-1's run of user-1_backup.cmd, not malice`},
		"profile-with-a-number":     {`C:\Users\alice.000\x by alice`, `C:\Users\user-1\x by user-2`},
		"profiles-of-windows":       {`C:\Users\Public\x C:\Users\Default\y C:\Users\All Users\z C:\Users\defaultuser0\w`, `C:\Users\Public\x C:\Users\Default\y C:\Users\All Users\z C:\Users\defaultuser0\w`},
		"profile-of-a-variable":     {`%SystemDrive%\Users\%USERNAME%\x, C:\Users\*\y, %USERPROFILE%\z`, `%SystemDrive%\Users\%USERNAME%\x, C:\Users\*\y, %USERPROFILE%\z`},
		"users-of-a-web-site":       {`https://learn.microsoft.com/users/settings/x`, `https://learn.microsoft.com/users/settings/x`},

		// SIDs.
		"sid":                 {`S-1-5-21-2506703334-2269865251-3678781112-1001`, `S-1-5-21-REDACTED1-1`},
		"sid-of-known-rid":    {`S-1-5-21-2506703334-2269865251-3678781112-500 s-1-5-21-1-2-3-513`, `S-1-5-21-REDACTED1-500 S-1-5-21-REDACTED2-513`},
		"sid-of-a-machine":    {`S-1-5-21-1-2-3 has S-1-5-21-1-2-3-1001 and S-1-5-21-1-2-3-1002`, `S-1-5-21-REDACTED1 has S-1-5-21-REDACTED1-1 and S-1-5-21-REDACTED1-2`},
		"sid-in-a-name":       {`{S-1-5-21-1-2-3-1001}_Classes, x_S-1-5-21-1-2-3-1001.evtx`, `{S-1-5-21-REDACTED1-1}_Classes, x_S-1-5-21-REDACTED1-1.evtx`},
		"sid-of-the-cloud":    {`S-1-12-1-1111-2222-3333-4444`, `S-1-12-1-REDACTED1`},
		"sid-cut-off":         {`S-1-5-21-2506703334-22`, `S-1-5-21-REDACTED1`},
		"sids-of-windows":     {`S-1-5-18 S-1-5-19 S-1-5-20 S-1-1-0 S-1-5-32-544 S-1-5-80-956008885-3418522649-1831038044 S-1-5-21-0-0-0-497 S-1-15-2-1`, `S-1-5-18 S-1-5-19 S-1-5-20 S-1-1-0 S-1-5-32-544 S-1-5-80-956008885-3418522649-1831038044 S-1-5-21-0-0-0-497 S-1-15-2-1`},
		"sid-joined":          {`nameS-1-5-21-1-2-3-1001`, `nameS-1-5-21-REDACTED1-1`},
		"no-sid":              {`MS-1-5-2 S-1- -1- X-1-5 S-1-5-21 S-1-5-21-`, `MS-1-5-2 S-1- -1- X-1-5 S-1-5-21 S-1-5-21-`},
		"sid-after-newline-n": {`owner:\nS-1-5-21-1-2-3-1001`, `owner:\nS-1-5-21-REDACTED1-1`},

		// IPv4 addresses.
		"ipv4":                   {`from 10.0.0.5 to 192.168.1.7:8530, 8.8.8.8/24 (10.0.0.5).`, `from ipv4-1 to ipv4-2:8530, ipv4-3/24 (ipv4-1).`},
		"ipv4-in-brackets":       {`[10.1.2.3]:443 <10.1.2.3> "10.1.2.3" 10.1.2.3`, `[ipv4-1]:443 <ipv4-1> "ipv4-1" ipv4-1`},
		"ipv4-ends-a-sentence":   {`no answer of 10.1.2.3.`, `no answer of ipv4-1.`},
		"ipv4-after-newline-n":   {`servers:\n10.1.2.3\r10.1.2.4`, `servers:\nipv4-1\ripv4-2`},
		"ipv4-range":             {`10.0.0.1-10.0.0.9 to...10.0.0.7`, `ipv4-1-ipv4-2 to...ipv4-3`},
		"ipv4-loopback":          {`127.0.0.1 0.0.0.0 127.0.0.53`, `127.0.0.1 0.0.0.0 ipv4-1`},
		"ipv4-of-a-server":       {`\\10.1.2.3\logs http://10.1.2.3:8530/x`, `\\ipv4-1\logs http://ipv4-1:8530/x`},
		"ipv4-behind-japanese":   {`サーバー10.1.2.3に接続`, `サーバーipv4-1に接続`},
		"ipv4-beside-version":    {`the build server 10.1.2.3 has version 1.2.3.4`, `the build server ipv4-1 has version 1.2.3.4`},
		"version-of-windows":     {`10.0.19041.1 10.0.20348.4529 6.1.7601.24545 10.0.19041.1.2`, `10.0.19041.1 10.0.20348.4529 6.1.7601.24545 10.0.19041.1.2`},
		"version-of-package":     {`Package_for_RollupFix~31bf3856ad364e35~amd64~~10.0.1.3, Microsoft-Foo~31bf3856ad364e35~amd64~en-US~6.3.1.0`, `Package_for_RollupFix~31bf3856ad364e35~amd64~~10.0.1.3, Microsoft-Foo~31bf3856ad364e35~amd64~en-US~6.3.1.0`},
		"version-like-private":   {`Package_1_for_KB5~31bf3856ad364e35~amd64~~192.168.0.0, Parent`, `Package_1_for_KB5~31bf3856ad364e35~amd64~~192.168.0.0, Parent`},
		"version-of-component":   {`amd64_foo_31bf3856ad364e35_10.0.1.0_none_2e7f, x86_b_b77a5c561934e089_4.0.0.0_en-us_d1`, `amd64_foo_31bf3856ad364e35_10.0.1.0_none_2e7f, x86_b_b77a5c561934e089_4.0.0.0_en-us_d1`},
		"version-of-app":         {`StickyNotes_6.0.2.0_neutral_x, Stub_1.0.219.0_scale-100 x_1.0.0.4.appx tool-1.2.3.4.msi`, `StickyNotes_6.0.2.0_neutral_x, Stub_1.0.219.0_scale-100 x_1.0.0.4.appx tool-1.2.3.4.msi`},
		"version-by-word":        {`(wcp.dll version 0.0.0.6) Version: 1.2.3.4 FileVersion=5.6.7.8 v1.2.3.4 ver. 1.2.3.4 Build 1.2.3.4 V=1.5.0.0;`, `(wcp.dll version 0.0.0.6) Version: 1.2.3.4 FileVersion=5.6.7.8 v1.2.3.4 ver. 1.2.3.4 Build 1.2.3.4 V=1.5.0.0;`},
		"version-by-json":        {`{"version":"1.2.3.4","x":"1.2.3.4"}`, `{"version":"1.2.3.4","x":"ipv4-1"}`},
		"version-of-driver":      {`Title = Intel - Net - 12.18.11.1; AMD - System - 12/2/2016 12:00:00 AM - 1.5.0.0`, `Title = Intel - Net - 12.18.11.1; AMD - System - 12/2/2016 12:00:00 AM - 1.5.0.0`},
		"version-in-a-vector":    {`(cV: nTDXlGeEb0CGEWt2.1.0.0.) XMkicsPzXEqvxxS+.1.0.0.4) abc.1.2.3.4 1.2.3.4beta`, `(cV: nTDXlGeEb0CGEWt2.1.0.0.) XMkicsPzXEqvxxS+.1.0.0.4) abc.1.2.3.4 1.2.3.4beta`},
		"version-of-driver-list": {`ACPI\VEN_AMDI&DEV_F030|2019-04-02|2.0.1.0|0xff0001 oem5.inf:VMware.NTx86:VMMouse:12.4.0.5:*pnp0f03`, `ACPI\VEN_AMDI&DEV_F030|2019-04-02|2.0.1.0|0xff0001 oem5.inf:VMware.NTx86:VMMouse:12.4.0.5:*pnp0f03`},
		"version-of-net":         {`.NET CLR Networking 4.0.0.0, GAC_MSIL\X\v4.0_4.2.1.0__b03f5f7f11d50a3a\x.dll; net 10.0.0.0`, `.NET CLR Networking 4.0.0.0, GAC_MSIL\X\v4.0_4.2.1.0__b03f5f7f11d50a3a\x.dll; net ipv4-1`},
		"version-ends-sentence":  {`a new version. 10.1.2.3 said so`, `a new version. ipv4-1 said so`},

		// IPv6 and adapters.
		"ipv6":                 {`fe80::1c2d:3e4f%12 2001:db8::1 [2001:DB8::1]:443 FD00:1:2:3:4:5:6:7`, `ipv6-1%12 ipv6-2 [ipv6-2]:443 ipv6-3`},
		"ipv6-mapped":          {`::ffff:10.1.2.3 and 64:ff9b::1.2.3.4.`, `ipv6-1 and ipv6-2.`},
		"ipv6-behind-a-label":  {`Interface:fe80::1, IPv6:2001:db8::2; src=fe80::3`, `Interface:ipv6-1, IPv6:ipv6-2; src=ipv6-3`},
		"ipv6-after-newline-n": {`\nfe80::1`, `\nipv6-1`},
		"ipv6-same-everywhere": {`::1 :: fe80::/64 ff02::1 12:00:01 2023/5/17:15:25:12.358 00000001@2023/5/17:15:25:12`, `::1 :: fe80::/64 ff02::1 12:00:01 2023/5/17:15:25:12.358 00000001@2023/5/17:15:25:12`},
		"names-of-functions":   {`DownloadHandler::UpdateDownloadResult:1893 Cab::Add Face::2 std::abc:: CBS::1`, `DownloadHandler::UpdateDownloadResult:1893 Cab::Add Face::2 std::abc:: CBS::1`},
		"mac":                  {`00-15-5D-01-02-0A 00:15:5d:01:02:0a MAC:00-15-5D-01-02-0B 0015.5d01.020a`, `mac-1 mac-1 MAC:mac-2 mac-1`},
		"no-mac":               {`00-00-00-00-00-00 FF:FF:FF:FF:FF:FF 26-01-16-11-00-00 a1:b2:c3:d4:e5:f6:07:18:29:3a {d0b1c7a4-5e21-4c1c-9a57-000000000133}`, `00-00-00-00-00-00 FF:FF:FF:FF:FF:FF 26-01-16-11-00-00 a1:b2:c3:d4:e5:f6:07:18:29:3a {d0b1c7a4-5e21-4c1c-9a57-000000000133}`},

		// Mail addresses.
		"mail":             {`to 'alice.b+x@contoso.example', josé@firma.de.`, `to 'email-1', email-2.`},
		"mail-in-japanese": {`連絡先alice@contoso.comに`, `連絡先email-1に`},
		"no-mail":          {`@%systemroot%\x.dll,-105 f@wuaueng.dll 00000001@2023 a@b npm@1.2.3`, `@%systemroot%\x.dll,-105 f@wuaueng.dll 00000001@2023 a@b npm@1.2.3`},

		// Servers.
		"unc":                   {`\\fileserv3\share\x and \\fileserv3`, `\\machine-1\share\x and \\machine-1`},
		"unc-qualified":         {`copy \\nas7.corp.contoso.com\d$\x`, `copy \\machine-1.domain-1\d$\x`},
		"unc-quoted-twice":      {`"\\\\fileserv3\\share\\x" "C:\\Windows\\x" "\\Windows\\x"`, `"\\\\machine-1\\share\\x" "C:\\Windows\\x" "\\Windows\\x"`},
		"unc-everyday-word":     {`robocopy D:\Logs \\backup\logs /MIR makes a backup`, `robocopy D:\Logs \\machine-1\logs /MIR makes a backup`},
		"unc-of-devices":        {`\\?\C:\x \\.\pipe\y \\?\UNC\fileserv3\z \\localhost\c$`, `\\?\C:\x \\.\pipe\y \\?\UNC\machine-1\z \\localhost\c$`},
		"unc-of-webdav":         {`\\dav01@SSL\DavWWWRoot\x`, `\\machine-1@SSL\DavWWWRoot\x`},
		"logon-server":          {`LOGONSERVER=\\DC07`, `LOGONSERVER=\\machine-1`},
		"url":                   {`http://wsus.contoso.example:8530/x then wsus.contoso.example; dial pool.contoso.example`, `http://machine-1.domain-1:8530/x then machine-1.domain-1; dial machine-2.domain-1`},
		"url-single-name":       {`http://wsus:8530, the wsus`, `http://machine-1:8530, the wsus`},
		"url-of-a-domain":       {`https://www2.vendor.com/x https://vendor.com`, `https://machine-1.domain-1/x https://domain-1`},
		"url-with-account":      {`http://alice:Secret1@proxy7:8080`, `http://user-1@machine-1:8080`},
		"url-with-password":     {`redis://:Tiger7@cache7:6379`, `redis://secret-1@machine-1:6379`},
		"url-of-microsoft":      {`https://fe3cr.delivery.mp.microsoft.com http://au.download.windowsupdate.com:80/x http://www.w3.org/2001 http://localhost:8080 https://adl.windows.com`, `https://fe3cr.delivery.mp.microsoft.com http://au.download.windowsupdate.com:80/x http://www.w3.org/2001 http://localhost:8080 https://adl.windows.com`},
		"url-not-of-microsoft":  {`https://contoso.blob.core.windows.net/x https://evilmicrosoft.com https://contoso.onmicrosoft.com`, `https://domain-1.domain-2/x https://domain-3 https://domain-1.domain-4`},
		"url-of-a-resource":     {`@{Microsoft.YourPhone_1.2.3?ms-resource://Microsoft.YourPhone/x} hcp://help/x`, `@{Microsoft.YourPhone_1.2.3?ms-resource://Microsoft.YourPhone/x} hcp://help/x`},
		"private-service":       {`_ldap._tcp.dc._msdcs.corp.firma.lan.`, `_ldap._tcp.dc._msdcs.machine-1.domain-1.`},
		"private-all-upper":     {`SRV-99.CORP.LOCAL, nas.local, Windows.LAN`, `machine-1.domain-1, domain-2, Windows.LAN`},
		"generated-with-domain": {`WSMAN/WIN-NBRJP24VCHB.greendale.edu.example, internal.greendale.edu.example`, `WSMAN/machine-1.domain-1, machine-2.domain-1`},
		"known-with-domain":     {`srv-app08.emea.firma.de srv-app08.log.gz srv-app08.2026-01.log srv-app08.update.microsoft.com`, `machine-1.domain-1 machine-1.log.gz machine-1.2026-01.log machine-1.update.microsoft.com`},
		"private-domain":        {`SRV-99.corp.local and Microsoft.Windows.WaaSMedic.Local`, `machine-1.domain-1 and Microsoft.Windows.WaaSMedic.Local`},
		"generated-name":        {`DESKTOP-2KGM189 WIN-CMUL35D0HFB desktop-2kgm189 desktop-windows DESKTOP-12`, `machine-1 machine-2 machine-1 desktop-windows DESKTOP-12`},

		// Accounts.
		"account":              {`for CONTOSO\admin: by contoso\jsmith, then jsmith`, `for domain-1\user-1: by domain-1\user-2, then user-2`},
		"account-of-a-profile": {`PC0815\alice; C:\Users\alice\x; on pc0815`, `domain-1\user-1; C:\Users\user-1\x; on domain-1`},
		"account-of-a-machine": {`WORKGROUP\DESKTOP-EIS938N$, DESKTOP-EIS938N`, `WORKGROUP\machine-1$, machine-1`},
		"account-quoted":       {`"CONTOSO\\jsmith"`, `"domain-1\\user-1"`},
		"account-of-machine":   {`SRV-APP08\local7 and SRV-APP08$`, `machine-1\user-1 and machine-1$`},
		"account-of-cloud":     {`AzureAD\JaneDoe7 MicrosoftAccount\x`, `AzureAD\user-1 MicrosoftAccount\user-2`},
		"account-of-windows":   {`NT AUTHORITY\SYSTEM, CONTOSO\Administrator, NT SERVICE\wuauserv`, `NT AUTHORITY\SYSTEM, domain-1\Administrator, NT SERVICE\wuauserv`},
		"paths-are-none":       {`HKLM\SOFTWARE, \Contoso\Inventory, Logs\CBS`, `HKLM\SOFTWARE, \domain-1\Inventory, Logs\CBS`},
		"label":                {`ComputerName = PC-0815`, `ComputerName = machine-1`},
		"label-in-a-line":      {"OS: x\nHost Name: pc0815\nUserName=\"hschmidt\", hschmidt on PC0815", "OS: x\nHost Name: machine-1\nUserName=\"user-1\", user-1 on machine-1"},
		"label-of-a-switch":    {`SkypeApp.exe" -ServerName:App.AppXffn3yxqvgawq9fpmnhy90fr3y01d1t5b.mca`, `SkypeApp.exe" -ServerName:App.AppXffn3yxqvgawq9fpmnhy90fr3y01d1t5b.mca`},
		"label-of-a-sentence":  {`User name: the name must not be empty`, `User name: the name must not be empty`},

		// Names that are known.
		"known":                {`JDOE, jdoe's, jdoe2, xjdoe, (jdoe) jdoe_1 svc-patch.`, `user-1, user-1's, jdoe2, xjdoe, (user-1) user-1_1 user-2.`},
		"known-machine":        {`srv-app08: SRV-APP08-backup, dc1.contoso.example, DC1`, `machine-1: machine-1-backup, machine-2.domain-1, machine-2`},
		"known-with-blank":     {`Jane Doe, jane  doe, JANE DOE`, `user-1, jane  doe, user-1`},
		"known-without-blanks": {`担当は田中さん`, `担当はuser-1さん`},
		"known-too-short":      {`ab and admin stay`, `ab and admin stay`},
		"like-a-pseudonym":     {`user-1 and jdoe on PC-USER-7`, `user-1 and user-2 on PC-USER-7`},

		"password":    {`net use x: /user:jdoe /password:Geheim1 pwd=abc;Password="d e f" /rp Tiger7 PublicKeyToken=31bf3856ad364e35`, `net use x: /user:user-1 /password:secret-1 pwd=secret-2;Password="secret-3" /rp secret-4 PublicKeyToken=31bf3856ad364e35`},
		"no-password": {`Password: wrong; password=*** password=%PW%`, `Password: wrong; password=*** password=%PW%`},
		"not-utf8":    {"jdoe\xff\xfe", "user-1\uFFFD"},
		"nothing":     {"", ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := known()
			l.Text(c.text)
			b := l.Book()
			got := b.Text(c.text)
			if got != c.want {
				t.Errorf("%s\n got %s\nwant %s", c.text, got, c.want)
			}
			if again := b.Text(got); again != got {
				t.Errorf("a second time gives %s", again)
			}
			if again := redact(got); again != got {
				t.Errorf("a second book gives %s", again)
			}
		})
	}
}
