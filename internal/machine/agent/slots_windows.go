package agent

import "golang.org/x/sys/windows"

// The interfaces of the Windows Update Agent, with the slots of their methods in the order of wuapi.idl of the Windows SDK
// (each derives from IDispatch, whose last slot is 6; [MS-UAMG] and Wine's wuapi.idl have the same order). A derived
// interface goes on where the one before it ends: IUpdateInstaller2 after IUpdateInstaller, IUpdate2 after IUpdate.
// Methods that are not called here hold their places.

var (
	classSession           = guid(0x4cb43d7f, 0x7eee, 0x4906, "\x86\x98\x60\xda\x1c\x38\xf2\xfe")
	classUpdates           = guid(0x13639463, 0x00db, 0x4646, "\x80\x3d\x52\x80\x26\x14\x0d\x88")
	classSystemInformation = guid(0xc01b9ba0, 0xbea7, 0x41ba, "\xb6\x04\xd0\xa3\x6f\x46\x91\x33")
	classServiceManager    = guid(0xf8d253d9, 0x89a4, 0x4daa, "\x87\xb6\x11\x68\x36\x9f\x0b\x21")

	interfaceSession           = guid(0x816858a4, 0x260d, 0x4260, "\x93\x3a\x25\x85\xf1\xab\xc7\x6b")
	interfaceUpdates           = guid(0x07f7438c, 0x7709, 0x4ca5, "\xb5\x18\x91\x27\x92\x88\x13\x4e")
	interfaceUpdate2           = guid(0x144fe9b0, 0xd23d, 0x4a8b, "\x86\x34\xfb\x44\x57\x53\x3b\x7a")
	interfaceInstaller2        = guid(0x3442d4fe, 0x224d, 0x4cee, "\x98\xcf\x30\xe0\xc4\xd2\x29\xe6")
	interfaceSystemInformation = guid(0xade87bf7, 0x7b56, 0x4275, "\x8f\xab\xb9\xb0\xe5\x91\x84\x4b")
	interfaceServiceManager2   = guid(0x0bb8531d, 0x7e8d, 0x424f, "\x98\x6c\xa0\xb8\xf6\x0a\x3e\x7b")
	interfaceService2          = guid(0x1518b460, 0x6518, 0x4172, "\x94\x0f\xc7\x58\x83\xb2\x4c\xeb")

	interfaceUnknown            = guid(0x00000000, 0x0000, 0x0000, "\xc0\x00\x00\x00\x00\x00\x00\x46")
	interfaceAgile              = guid(0x94ea2b94, 0xe9cc, 0x49e0, "\xc0\xff\xee\x64\xca\x8f\x5b\x90")
	interfaceDownloadProgressed = guid(0x8c3f1cdd, 0x6173, 0x4591, "\xae\xbd\xa5\x6a\x53\xca\x77\xc1")
	interfaceDownloadCompleted  = guid(0x77254866, 0x9f5b, 0x4c8e, "\xb9\xe2\xc7\x7a\x85\x30\xd6\x4b")
	interfaceInstallProgressed  = guid(0xe01402d5, 0xf8da, 0x43ba, "\xa0\x12\x38\x89\x4b\xd0\x48\xf1")
	interfaceInstallCompleted   = guid(0x45f4f6f3, 0xd602, 0x4f98, "\x9a\x8a\x3e\xfa\x15\x2a\xd2\xd3")
)

func guid(a uint32, b, c uint16, d string) windows.GUID {
	return windows.GUID{Data1: a, Data2: b, Data3: c, Data4: [8]byte([]byte(d))}
}

// IUpdateSession.
const (
	_                       = iota + 7 // get_ClientApplicationID
	sessionPutClient                   // put_ClientApplicationID
	_                                  // get_ReadOnly
	_                                  // get_WebProxy
	_                                  // put_WebProxy
	sessionCreateSearcher              // CreateUpdateSearcher
	sessionCreateDownloader            // CreateUpdateDownloader
	sessionCreateInstaller             // CreateUpdateInstaller
)

// IUpdateSearcher.
const (
	_                    = iota + 7 // get_CanAutomaticallyUpgradeService
	_                               // put_CanAutomaticallyUpgradeService
	_                               // get_ClientApplicationID
	_                               // put_ClientApplicationID
	_                               // get_IncludePotentiallySupersededUpdates
	_                               // put_IncludePotentiallySupersededUpdates
	_                               // get_ServerSelection
	_                               // put_ServerSelection
	_                               // BeginSearch
	_                               // EndSearch
	_                               // EscapeString
	searcherQueryHistory            // QueryHistory
	searcherSearch                  // Search
	_                               // get_Online
	searcherPutOnline               // put_Online
	searcherHistoryCount            // GetTotalHistoryCount
	_                               // get_ServiceID
	_                               // put_ServiceID
)

// IUpdateHistoryEntry.
const (
	entryOperation  = iota + 7 // get_Operation
	entryResultCode            // get_ResultCode
	entryHResult               // get_HResult
	entryDate                  // get_Date
	entryIdentity              // get_UpdateIdentity
	entryTitle                 // get_Title
	_                          // get_Description
	entryUnmapped              // get_UnmappedResultCode
	entryClient                // get_ClientApplicationID
	_                          // get_ServerSelection
	entryServiceID             // get_ServiceID
)

// IUpdateIdentity.
const (
	identityRevision = iota + 7 // get_RevisionNumber
	identityUpdateID            // get_UpdateID
)

// IUpdateHistoryEntryCollection, IUpdateExceptionCollection and IUpdateServiceCollection: they cannot be written.
const (
	fixedItem  = iota + 7 // get_Item
	_                     // get__NewEnum
	fixedCount            // get_Count
)

// IUpdateCollection and IStringCollection.
const (
	listItem  = iota + 7 // get_Item
	_                    // put_Item
	_                    // get__NewEnum
	listCount            // get_Count
	_                    // get_ReadOnly
	listAdd              // Add
)

// ISearchResult.
const (
	foundResultCode = iota + 7 // get_ResultCode
	_                          // get_RootCategories
	foundUpdates               // get_Updates
	foundWarnings              // get_Warnings
)

// IUpdateException.
const (
	exceptionMessage = iota + 7 // get_Message
	exceptionHResult            // get_HResult
)

// IUpdate, then IUpdate2.
const (
	updateTitle          = iota + 7 // get_Title
	_                               // get_AutoSelectOnWebSites
	_                               // get_BundledUpdates
	_                               // get_CanRequireSource
	_                               // get_Categories
	_                               // get_Deadline
	_                               // get_DeltaCompressedContentAvailable
	_                               // get_DeltaCompressedContentPreferred
	_                               // get_Description
	updateEulaAccepted              // get_EulaAccepted
	_                               // get_EulaText
	_                               // get_HandlerID
	updateIdentity                  // get_Identity
	_                               // get_Image
	_                               // get_InstallationBehavior
	_                               // get_IsBeta
	updateIsDownloaded              // get_IsDownloaded
	updateIsHidden                  // get_IsHidden
	_                               // put_IsHidden
	updateIsInstalled               // get_IsInstalled
	_                               // get_IsMandatory
	_                               // get_IsUninstallable
	_                               // get_Languages
	_                               // get_LastDeploymentChangeTime
	updateMaxSize                   // get_MaxDownloadSize
	_                               // get_MinDownloadSize
	_                               // get_MoreInfoUrls
	_                               // get_MsrcSeverity
	_                               // get_RecommendedCpuSpeed
	_                               // get_RecommendedHardDiskSpace
	_                               // get_RecommendedMemory
	_                               // get_ReleaseNotes
	_                               // get_SecurityBulletinIDs
	_                               // get_SupersededUpdateIDs
	_                               // get_SupportUrl
	_                               // get_Type
	_                               // get_UninstallationNotes
	_                               // get_UninstallationBehavior
	_                               // get_UninstallationSteps
	updateKBArticleIDs              // get_KBArticleIDs
	updateAcceptEula                // AcceptEula
	_                               // get_DeploymentAction
	_                               // CopyFromCache
	_                               // get_DownloadPriority
	_                               // get_DownloadContents
	updateRebootRequired            // IUpdate2: get_RebootRequired
)

// IUpdateDownloader.
const (
	_                    = iota + 7 // get_ClientApplicationID
	_                               // put_ClientApplicationID
	_                               // get_IsForced
	_                               // put_IsForced
	_                               // get_Priority
	_                               // put_Priority
	_                               // get_Updates
	downloaderPutUpdates            // put_Updates
	downloaderBegin                 // BeginDownload
	_                               // Download
	downloaderEnd                   // EndDownload
)

// IUpdateInstaller, then IUpdateInstaller2.
const (
	_                      = iota + 7 // get_ClientApplicationID
	_                                 // put_ClientApplicationID
	_                                 // get_IsForced
	_                                 // put_IsForced
	_                                 // get_ParentHwnd
	_                                 // put_ParentHwnd
	_                                 // put_ParentWindow
	_                                 // get_ParentWindow
	_                                 // get_Updates
	installerPutUpdates               // put_Updates
	installerBegin                    // BeginInstall
	_                                 // BeginUninstall
	installerEnd                      // EndInstall
	_                                 // EndUninstall
	_                                 // Install
	_                                 // RunWizard
	installerIsBusy                   // get_IsBusy
	_                                 // Uninstall
	_                                 // get_AllowSourcePrompts
	installerPutPrompts               // put_AllowSourcePrompts
	installerRestartFirst             // get_RebootRequiredBeforeInstallation
	_                                 // IUpdateInstaller2: get_ForceQuiet
	installerPutForceQuiet            // IUpdateInstaller2: put_ForceQuiet
)

// IDownloadJob and IInstallationJob.
const (
	_              = iota + 7 // get_AsyncState
	jobIsCompleted            // get_IsCompleted
	_                         // get_Updates
	jobCleanUp                // CleanUp
	jobGetProgress            // GetProgress
	jobAbort                  // RequestAbort
)

// IDownloadProgress.
const (
	_                       = iota + 7 // get_CurrentUpdateBytesDownloaded
	_                                  // get_CurrentUpdateBytesToDownload
	_                                  // get_CurrentUpdateIndex
	downloadPercentComplete            // get_PercentComplete
)

// IInstallationProgress.
const (
	_                      = iota + 7 // get_CurrentUpdateIndex
	_                                 // get_CurrentUpdatePercentComplete
	installPercentComplete            // get_PercentComplete
)

// IDownloadResult, and IUpdateDownloadResult with its first two.
const (
	downloadedHResult    = iota + 7 // get_HResult
	downloadedResultCode            // get_ResultCode
	downloadedOfUpdate              // GetUpdateResult
)

// IInstallationResult, and IUpdateInstallationResult with its first three.
const (
	installedHResult    = iota + 7 // get_HResult
	installedReboot                // get_RebootRequired
	installedResultCode            // get_ResultCode
	installedOfUpdate              // GetUpdateResult
)

// ISystemInformation.
const (
	_                    = iota + 7 // get_OemHardwareSupportLink
	systemRebootRequired            // get_RebootRequired
)

// IUpdateServiceManager2, of which only the first of IUpdateServiceManager is called.
const managerServices = 7 // get_Services

// IUpdateService, then IUpdateService2.
const (
	serviceName      = iota + 7 // get_Name
	_                           // get_ContentValidationCert
	_                           // get_ExpirationDate
	serviceManaged              // get_IsManaged
	_                           // get_IsRegisteredWithAU
	_                           // get_IssueDate
	serviceWindows              // get_OffersWindowsUpdates
	_                           // get_RedirectUrls
	serviceID                   // get_ServiceID
	_                           // get_IsScanPackageService
	_                           // get_CanRegisterWithAU
	serviceURL                  // get_ServiceUrl
	_                           // get_SetupPrefix
	serviceDefaultAU            // IUpdateService2: get_IsDefaultAUService
)
