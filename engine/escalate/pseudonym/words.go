package pseudonym

import "strings"

// set makes a set of words that stand in lines, divided by blanks; an underscore stands for a blank in a word.
func set(lines string) map[string]bool {
	words := map[string]bool{}
	for _, w := range strings.Fields(lines) {
		words[strings.ReplaceAll(w, "_", " ")] = true
	}
	return words
}

// builtin are the names of accounts, groups and profile folders that every Windows has: they tell nothing of anybody, and
// stay wherever they stand. In the field of a user stand also the words that say that there is none.
var builtin = set(`
system local_service network_service localsystem localservice networkservice local_system lokaler_dienst netzwerkdienst
système service_local service_réseau sistema servicio_local trustedinstaller nt_service\trustedinstaller
everyone anonymous_logon interactive creator_owner iusr iis_iusrs
administrator administrators guest guests users defaultaccount wdagutilityaccount krbtgt defaultuser0 defaultuser1
default_user all_users defaultapppool systemprofile localadmin$ authenticated_users power_users backup_operators
domain_admins domain_users domain_computers domain_controllers enterprise_admins schema_admins
nobody none unknown null n/a not_known no_one undefined true false yes no any all auto automatic manual direct -
consolehost default_host serverremotehost windows_powershell_ise_host
`)

// ownProfiles are the profile folders that are nobody's.
var ownProfiles = set(`public default default_user all_users defaultuser0 defaultuser1 defaultapppool administrator
guest desktop.ini wdagutilityaccount systemprofile localservice networkservice shared`)

// authorities are what stands before the backslash in names of accounts that Windows or a service has made: the account
// is nobody's.
var authorities = set(`nt_authority nt-autorität autorite_nt autorité_nt autoridade_nt nt-autoriteit nt_service
nt_virtual_machine iis_apppool builtin vordefiniert window_manager font_driver_host restricted_services`)

// hollow are what stands before the backslash in names of people's accounts and does not tell whose they are.
var hollow = set(`microsoftaccount azuread workgroup arbeitsgruppe .`)

// common are words that logs are full of. A name that is one of them is replaced only where its place shows that it is
// a name: were it looked for everywhere, no log could be read any more.
var common = set(`
a about after again all also an and any are as at back be been before begin between but by can cannot could did do does done
down each else empty end error even failed fatal few file files first for found free from full get had has have he her here
him his how if in info information into is it its just last left less like line lines list local log logs long made make many
may me might more most must my name names new next no not now null number of off old on once one only open or other our out
over own part path please read ready right run running said same see set she should since so some start state still stop
such text than that the their them then there these they this time to too true false two type under until up upon us use used
user users valid value values very via warn warning was way we were what when where which while who whose why will with
without word would yes yet you your zero

admin admins administrateur administrador administratör administrators root owner operator operators manager support help
helpdesk service services svc account accounts person people guest test tests testing tester demo sample example temp tmp
training kiosk scan scanner print printer mail email web www ftp dns dhcp vpn proxy gateway router switch firewall wsus sccm
mecm sql mssql mysql oracle exchange backup backups install installer setup deploy deployment build builder public private
default defaults common shared share data database office home work student teacher reception info sales

pc computer computers machine machines host hosts hostname server servers client clients workstation desktop laptop notebook
tablet phone node cluster vm virtual domain domains workgroup forest realm tenant network lan wan wifi internet intranet
corp internal localdomain arpa com net org edu gov int example invalid localhost target disk disks drive volume image
mount mnt media bundle evidence recording live offline online root windows winnt win linux macos microsoft intel amd nvidia
realtek vmware hyper-v hyperv qemu virtualbox dell lenovo hewlett-packard google mozilla adobe

update updates upgrade upgrades patch patches hotfix download downloads downloaded installed installing installation package
packages feature features cumulative security servicing stack version versions release revision build number code codes
result results status success succeeded successful failure failures fail failing complete completed started starting stopped
stopping shutdown restart restarted reboot pending session sessions process thread module function event events record
records channel trace task tasks job jobs action actions trigger query search report reports registry key keys hive hklm hkcu
hkcr hku hkey software hardware control current system system32 syswow64 winsxs softwaredistribution program programs
programdata appdata roaming locallow documents downloads pictures music videos favorites links contacts searches onedrive
cbs csi dpx dism wcp wua wuau wuauserv usosvc usoclient bits dosvc cryptsvc msiserver waasmedicsvc waasmedic svchost services
max min sam tiworker explorer cmd powershell schtasks robocopy sc net reg msiexec rundll32 regsvr32 exe dll sys log cab etl evtx msu xml
json yaml txt zip ini inf amd64 x64 x86 arm64 arm wow64 kb

observed partial skipped unsupported confirmed suspected undetermined ruled ruled_out seen not_seen transient was_transient
healed healthy fixed not_fixed cannot_tell applies verify undo plan apply diagnose resume journal playbook plugin probe cause
causes symptom symptoms step steps verdict reason reasons fact facts unattended terminal reached reach attempts history
source busy boots clock http https tcp udp file rename copy expand stat space channel changes configure restore enable disable

article attempt command condition count covers digest effect entry evidence hint identity input interruptible item kept kind
leaves main material mentions message missing newest offset outcome output pointer predicted preview question readings recorded
risk role sequence settle sha256 shown spec summary symbol title token truth uses when suspect

monday tuesday wednesday thursday friday saturday sunday january february march april may june july august september october
november december jan feb mar apr jun jul aug sep oct nov dec utc gmt today summer winter
bill mark grant will art drew chase hope faith joy grace rose sky dawn rich rob sue pat page miles chip frank ernest major
white black brown green gray grey blue red gold silver king bishop knight young short small field brook stone forest love

redacted secret password passwd pwd sid ipv4 ipv6 mac ip
`)

// ownFields are the names of fields in bundles, reports and records of the journal that are no everyday words.
var ownFields = map[string]bool{"rectify_bundle": true, "rectify_report": true, "evidence_cut": true, "event_id": true,
	"other_failures": true, "records_without_data": true, "state_dir": true, "needs_restart": true}

// versionWords are the words, also at the end of longer ones, behind which a dotted number is a version.
var versionWords = []string{"version", "build", "revision", "release", "firmware", "versión", "versão", "versione", "версия",
	"wersja", "verze", "verzió", "sürüm", "versjon", "バージョン", "版本", "버전"}

// versionMarks are words behind which a dotted number is a version, where they stand alone.
var versionMarks = set(`v ver rev bld definition driverver`)

// endsWithVersionWord says whether a folded text ends with a word behind which a dotted number is a version.
func endsWithVersionWord(folded string) bool {
	for _, w := range versionWords {
		if strings.HasSuffix(folded, w) {
			return true
		}
	}
	return versionMarks[folded]
}

// deviceClasses stand in the titles of driver updates before the version: "Intel - Net - 12.18.11.1".
var deviceClasses = set(`net system softwarecomponent display media bluetooth firmware extension keyboard mouse hidclass usb
usbdevice printer camera image monitor ports biometric sensor scsiadapter hdc audioprocessingobject battery processor
volume modem smartcardreader wpd other hardware drivers driver audio am pm`)
